"""Offsets that others moved, and commits that were not needed."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.names import METRICS, WEBHOOK, changelog
from tests.e2e.flow import Flow
from tests.e2e.test_placement import delivery
from tests.model import murmur2_partition
from tests.model.generate import HOUR_MS, START_MS, random_log


async def move_group(flow: Flow, offsets: dict[TopicPartition, int]) -> None:
    """What an operator does with the offsets of a stopped group."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=flow.bootstrap_servers, group_id=flow.application_id, enable_auto_commit=False
    )
    async with consumer:
        consumer.assign(list(offsets))
        await consumer.commit(offsets)


@pytest.mark.timeout(400)
def test_stored_state_wins_over_the_offset_of_the_group(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        log = flow.place(random_log(4, 1_200, partitions=flow.partitions))
        first, second, third = log[:400], log[400:800], log[800:]
        await flow.produce(first)
        worker = flow.start_worker()
        await flow.wait_until_read()
        assert await worker.stop() == 0

        await move_group(flow, dict.fromkeys(await flow.committed(), 1))
        await flow.produce(second)
        worker = flow.start_worker()
        await worker.says("the group stands at 1, the state at")
        await flow.wait_until_read()
        assert await worker.stop() == 0

        await flow.produce(third)
        ends = await flow.end_offsets(flow.input_partitions)
        await move_group(flow, {tp: ends[tp] for tp in await flow.committed()})
        worker = flow.start_worker()
        await worker.says("which wins")
        await flow.produce(flow.closing_records(START_MS + 60 * HOUR_MS))
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())


def test_what_has_nothing_to_store_commits_nothing(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        await flow.produce(flow.closing_records(START_MS))
        flow.start_worker(SLO_COMMIT_INTERVAL="100ms")
        await flow.wait_until_read()
        app = "com.example.chart"
        busy = TopicPartition(changelog(flow.application_id, WEBHOOK), murmur2_partition(app.encode(), flow.partitions))
        changelogs = [
            TopicPartition(changelog(flow.application_id, metric), partition)
            for metric in METRICS.values()
            for partition in range(flow.partitions)
        ]
        before = await flow.end_offsets(changelogs)
        for number in range(5):  # each of them takes at least a commit interval
            await flow.produce(flow.place([delivery(app, number)]))
            await flow.wait_until_read()
        after = await flow.end_offsets(changelogs)
        assert [tp for tp in changelogs if after[tp] != before[tp]] == [busy]

    asyncio.run(scenario())


def test_records_that_expired_unread_are_passed_over_with_an_error(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        app = "com.example.chart"
        await flow.produce(flow.place([delivery(app, 0)]))
        worker = flow.start_worker()
        await flow.wait_until_read()
        assert await worker.stop() == 0
        missed = flow.place([delivery(app, number, status=500) for number in range(1, 6)])
        await flow.produce(missed)
        place = TopicPartition(missed[0].topic, missed[0].partition)
        async with flow.admin() as admin:
            await admin.delete_records({place: RecordsToDelete(4)})
        worker = flow.start_worker()
        await flow.wait_until_read()
        await flow.produce(flow.closing_records(START_MS + HOUR_MS))
        await flow.wait_until_read()
        assert f"{place.topic}[{place.partition}]: records 1 to 3 are gone from the log unread" in worker.log
        breach, recovery = [alert for alerts in (await flow.alerts()).values() for alert in alerts]
        assert (breach["goodCount"], breach["badCount"]) == (1, 2)
        assert recovery["incidentId"] == breach["incidentId"]

    asyncio.run(scenario())
