"""What operators and retention do to topics behind the workers' back: refused with a reason, or gone on from."""

from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import NewPartitions, RecordsToDelete
from aiokafka.errors import NonEmptyGroup

from streams.exits import ExitCode
from streams.names import IFRAME, WEBHOOK, changelog
from tests.e2e.test_refusals import lose
from tests.faults.groups import delete_group
from tests.faults.scenario import Stage
from tests.faults.verdict import verdict
from tests.model.generate import HOUR_MS, START_MS, random_log
from tests.model.invariants import violations
from tests.waiting import wait_for

_RECORDS: Final = 800
_SPAN_MS: Final = 12 * HOUR_MS


async def changelog_deleted(stage: Stage) -> None:
    """The state of a metric is gone, its offsets are not."""
    await judge_part(stage, 0)
    await stage.flow.delete_topic(_changelog(stage))
    await is_refused(stage, "is empty, but", "SLO_APPLICATION_ID")


async def changelog_truncated(stage: Stage) -> None:
    """Retention by mistake has taken the older rows."""
    flow = stage.flow
    await judge_part(stage, 0, then_silence=False)
    rows = TopicPartition(_changelog(stage), await _busiest_partition(stage))
    end_offset = (await flow.end_offsets([rows]))[rows]
    async with flow.admin() as admin:
        await lose(admin, rows, end_offset - 3)
    await is_refused(stage, "were committed")


async def changelog_ends_in_markers(stage: Stage) -> None:
    """Transactions that were given up lie behind the last row: a position is reached there, a record never."""
    flow = stage.flow
    await judge_part(stage, 0)
    async with AIOKafkaProducer(bootstrap_servers=flow.bootstrap_servers, transactional_id="another") as producer:
        for _ in range(3):
            await producer.begin_transaction()
            for metric in flow.topics.inputs.values():
                for partition in range(flow.partitions):
                    topic = changelog(flow.application_id, metric)
                    await producer.send_and_wait(topic, b"given up", b"row", partition)
            await producer.abort_transaction()
    await judge_part(stage, 1)


async def group_deleted(stage: Stage) -> None:
    """The committed offsets are lost, the state is not: it knows where to go on."""
    flow = stage.flow
    await judge_part(stage, 0)
    async with flow.admin() as admin:

        async def is_deleted() -> bool:
            try:
                await delete_group(admin, flow.application_id)
            except NonEmptyGroup:  # a member that has left may come back for as long as its session lasts
                return False
            return True

        await wait_for(is_deleted, 60, "the group to be deleted")
    await judge_part(stage, 1)
    assert "the group stands at None" in flow.workers[-1].log


async def records_expired(stage: Stage) -> None:
    """Records that nobody had read yet are gone: said as an error, and gone on behind them."""
    flow = stage.flow
    await judge_part(stage, 0)
    missed = log_of(stage, 1)
    await flow.produce(missed)
    topic = flow.topics.input(WEBHOOK)
    place = TopicPartition(topic, await _busiest_partition(stage))
    committed, end = (await flow.committed())[place], (await flow.end_offsets([place]))[place]
    assert end > committed + 2, "nothing there to expire"
    async with flow.admin() as admin:
        await admin.delete_records({place: RecordsToDelete(end - 1)})
    await _read(stage, 2)
    said = flow.workers[-1].log
    assert f"{topic}[{place.partition}]: records {committed} to {end - 2} are gone from the log unread" in said, said
    broken = [what for alerts in (await flow.alerts()).values() for what in violations(alerts)]
    assert not broken, broken


async def input_recreated(stage: Stage) -> None:
    """An input topic was deleted and made anew: its first records are not those that were judged."""
    flow = stage.flow
    await judge_part(stage, 0)
    topic = flow.topics.input(WEBHOOK)
    await flow.delete_topic(topic)
    await is_refused(stage, f"{topic}[", "but was judged up to", "SLO_APPLICATION_ID")


async def partitions_added(stage: Stage) -> None:
    """An input topic has more partitions than its state: apps would change their partition."""
    flow = stage.flow
    await judge_part(stage, 0)
    topic = flow.topics.input(IFRAME)
    async with flow.admin() as admin:
        await admin.create_partitions({topic: NewPartitions(flow.partitions + 2)})

        async def is_seen() -> bool:
            (described,) = await admin.describe_topics([topic])
            return len(described["partitions"]) == flow.partitions + 2

        await wait_for(is_seen, 60, "the partitions to be seen")
    await is_refused(stage, f"{topic} has {flow.partitions + 2}", "SLO_APPLICATION_ID")


def _changelog(stage: Stage) -> str:
    return changelog(stage.flow.application_id, WEBHOOK)


def log_of(stage: Stage, number: int) -> list[Any]:
    start_ms = START_MS + number * _SPAN_MS
    return stage.flow.place(random_log(stage.rng.getrandbits(32), _RECORDS, partitions=4, start_ms=start_ms))


async def _busiest_partition(stage: Stage) -> int:
    topic = stage.flow.topics.input(WEBHOOK)
    tps = [TopicPartition(topic, partition) for partition in range(stage.flow.partitions)]
    ends: Mapping[TopicPartition, int] = await stage.flow.end_offsets(tps)
    partition: int = max(tps, key=lambda tp: ends[tp]).partition
    return partition


async def _read(stage: Stage, number: int, *, then_silence: bool = True) -> None:
    """A worker reads the next part of the log, and the silence behind it, and stops."""
    flow = stage.flow
    await flow.produce(log_of(stage, number))
    if then_silence:
        await flow.produce(flow.closing_records(START_MS + (number + 1) * _SPAN_MS))
    worker = flow.start_worker()
    await flow.wait_until_read()
    assert await worker.stop() == 0


async def judge_part(stage: Stage, number: int, *, then_silence: bool = True) -> None:
    """The same, and everything has come right."""
    if not number:
        await stage.flow.create_topics()
    await _read(stage, number, then_silence=then_silence)
    stage.outcome.verdict = said = await verdict(stage.flow)
    assert said.alerts, "no alert was published: that proves nothing"
    assert said.problem is None, said.problem


async def is_refused(stage: Stage, *words: str, **settings: str) -> None:
    """A worker that starts now ends with a sentence, and nothing more is published."""
    worker = stage.flow.start_worker(**settings)
    assert await worker.end() == ExitCode.REFUSED, worker.log
    assert all(word in worker.log for word in words), worker.log
    assert "Traceback" not in worker.log, worker.log
    published = sum(map(len, (await stage.flow.alerts()).values()))
    assert published == stage.outcome.verdict.alerts, "alerts were published all the same"
    stage.outcome.exits = {ExitCode.REFUSED: 1}
