"""Several applications on the same inputs, and one after the other on the same outputs."""

import asyncio
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from schemas.rejected import RejectReason
from streams.kafka.topic_setup import prepare_topics
from streams.names import WEBHOOK
from streams.objectives import load_objectives
from streams.rejected.redrive import redrive
from streams.replay import Replay
from streams.replay.line import ReplayRecord
from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.e2e.test_placement import delivery, log_with_misplaced
from tests.e2e.test_refusals import refusal
from tests.model import Record, murmur2_partition
from tests.model.generate import HOUR_MS, START_MS
from tests.waiting import wait_for

APP = "com.example.chart"


def misplaced_delivery(number: int, *, status: int = 500) -> Record:
    home = murmur2_partition(APP.encode(), 4)
    return delivery(APP, number, status=status)._replace(partition=(home + 1) % 4)


async def open_breaches(flow: Flow) -> dict[tuple[str, ...], str]:
    """What the alert state shows as open: key and id."""
    latest = {record.key: record for record in await flow.read(flow.topics.alert_state)}
    alerts = {key: orjson.loads(record.value) for key, record in latest.items() if record.value}
    return {tuple(orjson.loads(key)): one["incidentId"] for key, one in alerts.items() if one["type"] == "BREACH"}


async def told(flow: Flow, reason: str) -> list[dict[str, Any]]:
    """The alerts with this reason."""
    return [one for alerts in (await flow.alerts()).values() for one in alerts if one["reason"] == reason]


@pytest.mark.timeout(400)
def test_production_and_canary_judge_the_same_log_each_for_itself(flow: Flow) -> None:
    """Every misplaced record is put right by both, and counts once for each."""

    async def scenario() -> None:
        await flow.create_topics()
        canary = flow.beside("canary", own_outputs=True)
        await prepare_topics(canary.settings)
        log = flow.place(log_with_misplaced())
        await flow.produce(log[:120])
        flow.start_worker()
        canary.start_worker()
        bad = flow.place([delivery(APP, 300)._replace(value=b'{"cut short'), misplaced_delivery(301)])
        for records in (log[120:], bad):  # each copy is there before time goes on
            for one in (flow, canary):
                await one.wait_until_read()
            await flow.produce(records)
        for one in (flow, canary):
            await one.wait_until_read()
            done = await redrive(one.settings, [RejectReason.NOT_JSON], 0)
            assert (done.sent.total(), done.others) == (1, 0)
        await flow.produce(flow.closing_records(START_MS + HOUR_MS))
        for one in (flow, canary):
            await one.wait_until_read()
            expected = await one.check()
            breaches = [alert for alert in expected.all_alerts if alert["type"] == "BREACH"]
            assert {(alert["goodCount"], alert["badCount"]) for alert in breaches} == {(40, 40)}
            assert sorted(reason for *_, reason in await one.rejected()) == ["not_json", "not_json"]
        await as_replayed(flow)

    asyncio.run(scenario())


async def as_replayed(flow: Flow) -> None:
    """A replay of the topics as they lie gives the alerts that the worker gave."""
    replay = Replay(load_objectives(None), flow.lateness_ms, flow.topics, application=flow.application_id)
    records = [
        ReplayRecord(one.topic, one.key, one.value, one.timestamp_ms, offset, one.headers)
        for offset, one in await flow.input_log()
    ]
    replay.records(sorted(records, key=lambda one: one.timestamp or 0))
    until_ms = START_MS + HOUR_MS - flow.lateness_ms
    published = [one for alerts in (await flow.alerts()).values() for one in alerts]
    got = {(one["incidentId"], one["type"]): (one["goodCount"], one["badCount"]) for one in replay.finish(until_ms)}
    assert got == {(one["incidentId"], one["type"]): (one["goodCount"], one["badCount"]) for one in published}


@pytest.mark.timeout(600)
def test_a_rebuild_replaces_also_twice_in_a_row(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        # The first application counts a failure that no longer lies on the topic when the next one reads it.
        lost = delivery("com.example.gone", 0, status=500)
        await flow.produce(flow.place([lost, delivery(APP, 0, status=500), misplaced_delivery(1)]))
        await flow.produce(flow.closing_records(START_MS + 75_000))
        first = flow.start_worker()
        await flow.wait_until_read()
        before = await open_breaches(flow)
        assert {key[0] for key in before} == {"com.example.gone", APP}

        second = flow.beside("second", own_outputs=False)
        said = await refusal(second)
        assert f"holds records of application {flow.application_id}" in said
        assert "SLO_OUTPUT_PREFIX" in said
        assert f"SLO_REPLACES={flow.application_id}" in said
        said = await refusal(second, SLO_REPLACES=flow.application_id)
        assert "1 of its workers are live" in said
        assert await first.stop() == 0

        await delete_records(flow, lost)
        replacing = second.start_worker(SLO_REPLACES=flow.application_id)
        await second.wait_until_read()
        await retired(second, 1)
        (gone,) = await told(second, "RETIRED")
        (key,) = [key for key in before if key[0] == "com.example.gone"]
        assert (gone["appKey"], gone["incidentId"]) == ("com.example.gone", before[key])
        assert await open_breaches(second) == {other: one for other, one in before.items() if other != key}
        assert await replacing.stop() == 0

        third = flow.beside("third", own_outputs=False)
        third.start_worker(SLO_REPLACES=second.application_id)
        await third.wait_until_read()
        await third.produce(third.closing_records(START_MS + HOUR_MS))
        await third.wait_until_read()
        assert await open_breaches(third) == {}
        assert len(await told(third, "RETIRED")) == 1
        assert all(
            dict(record.headers)["application"] == third.application_id.encode()
            for record in {record.key: record for record in await third.read(third.topics.alert_state)}.values()
        )

    asyncio.run(scenario())


async def retired(flow: Flow, count: int) -> None:
    async def is_told() -> bool:
        return len(await told(flow, "RETIRED")) >= count

    await wait_for(is_told, 120, f"{count} breaches to be retired", flow.workers[-1:])


async def delete_records(flow: Flow, record: Record) -> None:
    """Take what lies up to a record out of its partition, as retention does."""
    async with flow.admin() as admin:
        await admin.delete_records({TopicPartition(flow.topics.input(WEBHOOK), record.partition): RecordsToDelete(1)})


@pytest.mark.timeout(400)
def test_an_alert_state_that_was_deleted_is_made_anew(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        apps = [f"com.example.app-{number}" for number in range(6)]
        await flow.produce(flow.place([delivery(app, 0, status=500) for app in apps]))
        await flow.produce(flow.closing_records(START_MS + 75_000))
        worker = flow.start_worker()
        await flow.wait_until_read()
        before = await flow.read(flow.topics.alert_state)
        assert len(before) == 6
        assert await worker.stop() == 0
        await flow.delete_topic(flow.topics.alert_state)
        worker = flow.start_worker()

        async def is_back() -> bool:
            return len(await flow.read(flow.topics.alert_state)) == 6

        await wait_for(is_back, 120, "the alert state to come back", [worker])
        again = await flow.read(flow.topics.alert_state)
        assert {(one.partition, one.key, one.value, tuple(one.headers)) for one in again} == {
            (one.partition, one.key, one.value, tuple(one.headers)) for one in before
        }
        assert len(await flow.read(flow.topics.alerts)) == 6
        assert await worker.stop() == 0

        # Without the alerts, too, they are made from the state; and it says what it cannot know.
        await flow.delete_topic(flow.topics.alert_state)
        await flow.delete_topic(flow.topics.alerts)
        worker = flow.start_worker()
        await wait_for(is_back, 120, "the alert state to come back", [worker])
        made = [orjson.loads(one.value) for one in await flow.read(flow.topics.alert_state)]
        known = {one["incidentId"]: one for one in (orjson.loads(one.value) for one in before)}
        for one in made:
            assert one == known[one["incidentId"]] | {"sliValue": None, "goodCount": 0, "badCount": 0}
        assert await worker.stop() == 0

        await flow.delete_topic(flow.topics.alert_state)
        flow.partitions += 1
        said = await refusal(flow)
        assert f"{flow.topics.alert_state} has 5 partitions, and had 4" in said

    asyncio.run(scenario())
