"""Offsets that others moved, and commits that were not needed."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.kafka.commit_mark import CommitMark
from streams.names import METRICS, WEBHOOK, changelog
from streams.settings import PartitionerName
from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.e2e.test_placement import delivery
from tests.e2e.test_refusals import refusal
from tests.model import murmur2_partition
from tests.model.generate import HOUR_MS, START_MS, random_log


async def move_group(flow: Flow, offsets: dict[TopicPartition, int], metadata: str = "") -> None:
    """What an operator does with the offsets of a stopped group, or whoever else commits in it."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=flow.bootstrap_servers, group_id=flow.application_id, enable_auto_commit=False
    )
    async with consumer:
        consumer.assign(list(offsets))
        await consumer.commit({tp: (offset, metadata) for tp, offset in offsets.items()})


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
        await worker.says("offset 1 was committed by somebody else in the consumer group of this application")
        await flow.wait_until_read()
        assert await worker.stop() == 0

        await flow.produce(third)
        ends = await flow.end_offsets(flow.input_partitions)
        await move_group(flow, {tp: ends[tp] for tp in await flow.committed()})
        worker = flow.start_worker()
        await worker.says("wins. Find out who it is")
        await flow.produce(flow.closing_records(START_MS + 60 * HOUR_MS))
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())


@pytest.mark.timeout(400)
def test_state_behind_its_own_commit_is_lost_state(flow: Flow) -> None:
    """As a broker leaves it that was killed before the last of a changelog was on disk."""

    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S  # one that refuses does not say goodbye
        await flow.create_topics()
        app = "com.example.chart"
        await flow.produce(flow.place([delivery(app, number) for number in range(3)]))
        worker = flow.start_worker()
        await flow.wait_until_read()
        assert await worker.stop() == 0
        place = TopicPartition(flow.topics.input(WEBHOOK), murmur2_partition(app.encode(), flow.partitions))
        mark = CommitMark(flow.application_id, PartitionerName.MURMUR2, START_MS)
        await move_group(flow, {place: 2}, mark.metadata)
        worker = flow.start_worker()
        await worker.says("the group stands at 2, the state at 3, which wins")
        assert await worker.stop() == 0
        await move_group(flow, {place: 4}, mark.metadata)
        said = await refusal(flow)
        assert "goes up to 3, but" in said
        assert f"{place.topic}[{place.partition}] was committed up to 4" in said
        assert "SLO_REPLACES" in said

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
