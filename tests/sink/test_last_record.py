"""A log that was replaced by a shorter one, and has grown beyond what was stored of it, is not read on from there."""

import asyncio

import psycopg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.doctor.finding import Level
from streams.doctor.stored_offsets import check_stored_offsets
from streams.kafka.cluster import admin_client
from streams.names import WEBHOOK
from streams.settings import Settings
from streams.sink.last_record import SourceReplacedError
from tests.kafka_fixture import Kafka
from tests.model.build import delivery
from tests.ownership.store_contract import Owner
from tests.sink.test_store_contract import RECORDS, PostgresHarness, produce
from tests.waiting import wait_for


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    return Settings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)


async def _stored(kafka: Kafka, settings: Settings, database: str) -> None:
    """All records are in the topic, and an owner has stored the first four."""
    await produce(settings, await kafka.create_topic(settings.topics.input(WEBHOOK)), RECORDS)
    owner = await Owner(PostgresHarness(settings, database)).take_over()
    await owner.advance(4)
    await owner.store.close()


async def _goes_on_at(settings: Settings, database: str) -> int:
    """Where the next owner reads on."""
    owner = Owner(PostgresHarness(settings, database))
    try:
        return (await owner.take_over()).processor.next_offset
    finally:
        await owner.store.close()


async def _emptied(kafka: Kafka, settings: Settings, topic: str) -> None:
    """The topic is deleted, and created anew."""
    async with admin_client(settings) as admin:
        await admin.delete_topics([topic])

        async def is_gone() -> bool:
            return topic not in await admin.list_topics()

        await wait_for(is_gone, 60, f"{topic} to be gone")
    await kafka.create_topic(topic)


def test_a_log_that_grew_again_beyond_what_is_stored_is_refused(
    kafka: Kafka, settings: Settings, database: str
) -> None:
    topic = settings.topics.input(WEBHOOK)

    async def scenario() -> None:
        await _stored(kafka, settings, database)
        assert await _goes_on_at(settings, database) == 4
        (well,) = await check_stored_offsets(settings, database)
        assert well.level is Level.OK
        await _emptied(kafka, settings, topic)
        restored = RECORDS[:3]  # the copy has these
        await produce(settings, topic, [*restored, *(delivery(f"13:0{minute}:05") for minute in range(6))])
        with pytest.raises(
            SourceReplacedError, match=r"13:00:05Z at 3, where the database has stored one of .*12:03:05"
        ):
            await _goes_on_at(settings, database)
        (told,) = await check_stored_offsets(settings, database)
        assert told.level is Level.PROBLEM
        assert "older than the database" in told.said

    asyncio.run(scenario())


def test_a_log_that_has_the_same_records_again_is_gone_on_with(kafka: Kafka, settings: Settings, database: str) -> None:
    topic = settings.topics.input(WEBHOOK)

    async def scenario() -> None:
        await _stored(kafka, settings, database)
        await _emptied(kafka, settings, topic)
        await produce(settings, topic, RECORDS)
        assert await _goes_on_at(settings, database) == 4

    asyncio.run(scenario())


def test_nothing_is_told_of_a_record_that_is_not_kept_or_was_stored_by_an_older_version(
    kafka: Kafka, settings: Settings, database: str
) -> None:
    topic = settings.topics.input(WEBHOOK)

    async def scenario() -> None:
        await _stored(kafka, settings, database)
        async with admin_client(settings) as admin:
            await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=4)})
        assert await _goes_on_at(settings, database) == 4
        with psycopg.connect(database) as connection:
            connection.execute("update slo.sink_offset set last_offset = null, last_ms = null")
        assert await _goes_on_at(settings, database) == 4

    asyncio.run(scenario())
