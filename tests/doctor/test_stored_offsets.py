"""What history has stored, against the log of a real Kafka."""

import asyncio

import psycopg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.doctor.finding import Finding, Level
from streams.doctor.stored_offsets import check_stored_offsets
from streams.kafka.cluster import admin_client
from streams.names import WEBHOOK
from streams.settings import Settings
from tests.kafka_fixture import Kafka


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    return Settings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)


def store(database: str, topic: str, offset: int, application: str = "slo-streams") -> None:
    with psycopg.connect(database, options="-c search_path=slo") as connection:
        connection.execute("truncate sink_offset, application")
        connection.execute("insert into application (id) values (%s)", [application])
        connection.execute(
            "insert into sink_offset (reader, topic, part, epoch, next) values ('history', %s, 0, 1, %s)",
            [topic, offset],
        )


def test_stored_offsets_lie_within_the_log_or_it_is_said(kafka: Kafka, settings: Settings, database: str) -> None:
    topic = settings.topics.input(WEBHOOK)

    async def scenario() -> list[Finding]:
        nothing = await check_stored_offsets(settings, database)
        store(database, topic, 3)
        missing = await check_stored_offsets(settings, database)
        await kafka.create_topic(topic)
        async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers) as producer:
            for _ in range(5):
                await producer.send_and_wait(topic, b"{}")
        well = await check_stored_offsets(settings, database)
        store(database, topic, 6)
        beyond = await check_stored_offsets(settings, database)
        async with admin_client(settings) as admin:
            await admin.delete_records({TopicPartition(topic, 0): RecordsToDelete(before_offset=4)})
        store(database, topic, 3)
        lost = await check_stored_offsets(settings, database)
        store(database, topic, 4, "canary")
        foreign = await check_stored_offsets(settings, database)
        return [one for (one,) in (nothing, missing, well, beyond, lost, foreign)]

    nothing, missing, well, beyond, lost, foreign = asyncio.run(scenario())
    assert (nothing.level, nothing.said) == (Level.OK, "nothing is stored yet")
    assert missing.level is Level.PROBLEM
    assert (well.level, well.said) == (Level.OK, "1 partition stored, 2 records to read")
    assert beyond.level is Level.PROBLEM
    assert "Kafka ends at 5" in beyond.said
    assert lost.level is Level.WARNING
    assert "Kafka begins at 4" in lost.said
    assert "belongs to canary" in foreign.said


def test_a_database_that_cannot_be_read_is_told_by_others(settings: Settings) -> None:
    assert asyncio.run(check_stored_offsets(settings, "postgresql://nobody@127.0.0.1:1/none")) == []
