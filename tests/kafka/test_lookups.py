"""Clients that take-overs share."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.kafka.bulk import committed_records
from streams.kafka.lookups import Lookups
from streams.settings import Settings
from tests.kafka_fixture import Kafka

RECORDS = 3
GROUP = "nobody"


@pytest.fixture
def tps(kafka: Kafka, topic_prefix: str) -> tuple[TopicPartition, TopicPartition]:
    """A partition with some records, and an empty one."""
    topics = (topic_prefix + "full", topic_prefix + "empty")

    async def prepare() -> None:
        for topic in topics:
            await kafka.create_topic(topic)
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:
            for number in range(RECORDS):
                await producer.send_and_wait(topics[0], str(number).encode(), partition=0)

    asyncio.run(prepare())
    return TopicPartition(topics[0], 0), TopicPartition(topics[1], 0)


@pytest.fixture
def lookups(kafka: Kafka) -> Lookups:
    return Lookups(Settings(bootstrap_servers=kafka.bootstrap_servers))


async def read(lookups: Lookups, settings: Settings, *tps: TopicPartition) -> list[bytes]:
    return [record.value or b"" async for record in committed_records(settings, tps, reader=lookups.reader())]


def test_what_it_tells(lookups: Lookups, tps: tuple[TopicPartition, TopicPartition]) -> None:
    full, empty = tps

    async def scenario() -> None:
        async with lookups:
            assert await lookups.offsets(full, empty) == ({full: 0, empty: 0}, {full: RECORDS, empty: 0})
            assert await lookups.partitions(full.topic) == 1
            assert await lookups.committed(GROUP, full) is None

    asyncio.run(scenario())


def test_a_reader_serves_one_after_the_other_and_ends_with_the_last(
    kafka: Kafka, lookups: Lookups, tps: tuple[TopicPartition, TopicPartition], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(bootstrap_servers=kafka.bootstrap_servers)
    started: list[AIOKafkaConsumer] = []
    stopped: list[AIOKafkaConsumer] = []
    start, stop = AIOKafkaConsumer.start, AIOKafkaConsumer.stop

    async def noted_start(consumer: AIOKafkaConsumer) -> None:
        started.append(consumer)
        await start(consumer)

    async def noted_stop(consumer: AIOKafkaConsumer) -> None:
        stopped.append(consumer)
        await stop(consumer)

    monkeypatch.setattr(AIOKafkaConsumer, "start", noted_start)
    monkeypatch.setattr(AIOKafkaConsumer, "stop", noted_stop)
    all_values = [str(number).encode() for number in range(RECORDS)]

    async def scenario() -> None:
        async with lookups:
            async with lookups:
                assert await read(lookups, settings, *tps) == all_values
                assert await read(lookups, settings, *reversed(tps)) == all_values
            [reader] = started
            assert reader.paused() == set(tps), "it would fetch on, and whoever has it next waits for that"
            assert not stopped
            both = await asyncio.gather(*(read(lookups, settings, tps[0]) for _ in range(2)))
            assert both == [all_values, all_values]
            assert len(started) == 2
        assert sorted(map(id, stopped)) == sorted(map(id, started))
        assert await read(lookups, settings, tps[0]) == all_values
        assert len(started) == len(stopped) == 3

    asyncio.run(scenario())


def test_a_reader_that_was_left_amid_its_records_is_not_handed_on(
    kafka: Kafka, lookups: Lookups, tps: tuple[TopicPartition, TopicPartition]
) -> None:
    settings = Settings(bootstrap_servers=kafka.bootstrap_servers)

    async def scenario() -> None:
        async with lookups:
            async with lookups.reader() as reader:
                pass
            records = committed_records(settings, [tps[0]], reader=lookups.reader())
            await anext(records)
            await records.aclose()
            async with lookups.reader() as another:
                assert another is not reader

    asyncio.run(scenario())
