"""Who judges what: settings that no longer fit the state, offsets of others, and a second application."""

import orjson

from streams.kafka.commit_mark import CommitMark
from streams.kafka.topic_setup import prepare_topics
from streams.settings import PartitionerName
from tests.e2e.flow import Flow
from tests.e2e.test_offsets import move_group
from tests.faults.mistakes import is_refused, judge_part, log_of
from tests.faults.scenario import Stage
from tests.faults.verdict import verdict
from tests.model.generate import HOUR_MS, START_MS
from tests.waiting import wait_for


async def other_prefix(stage: Stage) -> None:
    """The inputs are other topics than those that were judged."""
    await judge_part(stage, 0)
    await is_refused(stage, "has judged", "set SLO_TOPIC_PREFIX back", SLO_TOPIC_PREFIX="another.")


async def other_partitioner(stage: Stage) -> None:
    """Keys are placed in another way: every series would be split in two."""
    await judge_part(stage, 0)
    await is_refused(stage, "SLO_PARTITIONER=murmur2", "crc32", "SLO_REPLACES", SLO_PARTITIONER="crc32")


async def changelog_tail_lost(stage: Stage) -> None:
    """A broker was killed before the last rows were on its disk; the offset, elsewhere, was."""
    await judge_part(stage, 0)
    committed = await stage.flow.committed()
    mark = CommitMark(stage.flow.application_id, PartitionerName.MURMUR2, START_MS)
    await move_group(stage.flow, {tp: offset + 1 for tp, offset in committed.items()}, mark.metadata)
    await is_refused(stage, "its last rows are lost", "SLO_REPLACES")


async def foreign_commits(stage: Stage) -> None:
    """Somebody else commits in the group of the workers: what was judged, the state knows."""
    flow = stage.flow
    await judge_part(stage, 0)
    await move_group(flow, await flow.end_offsets(flow.input_partitions))
    await flow.produce(log_of(stage, 1))
    await move_group(flow, await flow.end_offsets(flow.input_partitions))
    await judge_part(stage, 2)
    assert "was committed by somebody else" in flow.workers[-1].log


async def alert_state_deleted(stage: Stage) -> None:
    """What is breached right now is shown again, from the state and the alerts."""
    flow = stage.flow
    await judge_part(stage, 0, then_silence=False)
    before = await _open(flow)
    assert before, "no breach was open: that proves nothing"
    await flow.delete_topic(flow.topics.alert_state)
    worker = flow.start_worker()

    async def is_back() -> bool:
        return await _open(flow) == before

    await wait_for(is_back, 60, "the open breaches to be shown again", [worker])
    assert await worker.stop() == 0


async def second_application(stage: Stage) -> None:
    """It refuses the outputs of the first; then it replaces that, and is replaced itself."""
    flow = stage.flow
    await judge_part(stage, 0, then_silence=False)
    for name, before in (("second", flow), ("third", flow.beside("second", own_outputs=False))):
        heir = flow.beside(name, own_outputs=False)
        await is_refused(
            stage, "SLO_OUTPUT_PREFIX", f"SLO_REPLACES={before.application_id}", SLO_APPLICATION_ID=heir.application_id
        )
        worker = heir.start_worker(SLO_REPLACES=before.application_id)
        await heir.wait_until_read()
        assert await worker.stop() == 0
        shown, stored = await _open(heir), _left_open([one for some in (await heir.alerts()).values() for one in some])
        assert shown == stored, shown ^ stored
        stage.outcome.verdict.alerts = sum(map(len, (await flow.alerts()).values()))


async def canary_beside_production(stage: Stage) -> None:
    """Both put the same misplaced records right, are killed amid it, and count each of them once."""
    flow = stage.flow
    await flow.create_topics()
    canary = flow.beside("canary", own_outputs=True)
    await prepare_topics(canary.settings)
    for number in range(3):
        await flow.produce(log_of(stage, number))
        for one in (flow, canary):
            dying = one.start_worker(SLO_FAIL=f"after_alerts:{1 + stage.rng.randrange(4)}:kill")
            await dying.end()
        workers = [one.start_worker() for one in (flow, canary)]
        for one in (flow, canary):
            await one.wait_until_read()
        if number == 2:
            await flow.produce(flow.closing_records(START_MS + 60 * HOUR_MS))
            for one in (flow, canary):
                await one.wait_until_read()
        assert [await worker.stop() for worker in workers] == [0, 0]
    for one in (canary, flow):
        stage.outcome.verdict = said = await verdict(one)
        assert said.alerts, "no alert was published: that proves nothing"
        assert said.problem is None, said.problem


async def _open(flow: Flow) -> set[tuple[str, ...]]:
    """What the alert state shows as open: key and id."""
    latest = {record.key: orjson.loads(record.value) for record in await flow.read(flow.topics.alert_state)}
    return {(*orjson.loads(key), one["incidentId"]) for key, one in latest.items() if one["type"] == "BREACH"}


def _left_open(alerts: list[dict[str, object]]) -> set[tuple[object, ...]]:
    names = ("appKey", "metricId", "scope", "objective", "incidentId")
    latest = {tuple(one[name] for name in names): one["type"] for one in alerts}
    return {key for key, kind in latest.items() if kind == "BREACH"}
