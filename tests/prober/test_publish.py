"""Events on a real Kafka: all there, with their key, timestamp and place."""

import asyncio
from itertools import islice
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError, UnknownTopicOrPartitionError

from streams.client.producer import acknowledged_producer
from streams.kafka.placement import partition_of
from streams.prober.check import CheckResult
from streams.prober.publish import report_to
from streams.run.feed import publish_sample
from streams.run.sample import sample_feed
from streams.settings import PartitionerName, Settings
from tests.kafka_fixture import Kafka
from tests.prober.servers import refusing, target

END_MS = 1_772_460_000_000
PARTITIONS = 5
READ_TIMEOUT_S = 90


async def read(settings: Settings, count: int) -> list[Any]:
    """The first `count` records of the input topics."""
    consumer = AIOKafkaConsumer(
        *settings.topics.inputs, bootstrap_servers=settings.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


@pytest.mark.parametrize("partitioner", PartitionerName)
def test_a_sample_lies_where_the_evaluator_expects_it(
    kafka: Kafka, topic_prefix: str, partitioner: PartitionerName
) -> None:
    settings = Settings(
        bootstrap_servers=kafka.bootstrap_servers,
        topic_prefix=topic_prefix,
        partitioner=partitioner,
        partitions=PARTITIONS,
    )
    events = list(islice(sample_feed(END_MS), 6_000))

    async def scenario() -> list[Any]:
        for topic in settings.topics.inputs:
            await kafka.create_topic(topic, partitions=PARTITIONS)
        async with acknowledged_producer(settings) as producer:
            assert await publish_sample(producer, settings, iter(events)) == len(events)
        return await read(settings, len(events))

    records = asyncio.run(scenario())
    assert sorted((record.topic, record.value, record.timestamp) for record in records) == sorted(
        (settings.topics.input(event.metric), event.value, event.time_ms) for event in events
    )
    for record in records:
        assert record.partition == partition_of(record.key, PARTITIONS, partitioner)
    in_order: dict[tuple[str, int], int] = {}
    for record in sorted(records, key=lambda record: record.offset):
        place = (record.topic, record.partition)
        assert record.timestamp >= in_order.get(place, 0)
        in_order[place] = record.timestamp


def test_a_result_is_on_the_topic_when_the_report_returns(kafka: Kafka, topic_prefix: str) -> None:
    settings = Settings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)
    result = CheckResult(target("https://a.example/health", "com.example.tâche"), END_MS, None, None, "dns: unknown")

    async def scenario() -> list[Any]:
        for topic in settings.topics.inputs:
            await kafka.create_topic(topic, partitions=PARTITIONS)
        async with acknowledged_producer(settings) as producer:
            await (await report_to(producer, settings))(result)
            return await read(settings, 1)

    (record,) = asyncio.run(scenario())
    assert record.topic == f"{topic_prefix}healthcheck.v1"
    assert record.key == "com.example.tâche".encode()
    assert record.value == result.to_json()


def test_a_missing_topic_is_told_before_the_first_check(kafka: Kafka, topic_prefix: str) -> None:
    settings = Settings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)

    async def scenario() -> None:
        async with acknowledged_producer(settings) as producer:
            await report_to(producer, settings)

    with pytest.raises(UnknownTopicOrPartitionError):
        asyncio.run(scenario())


def test_without_a_broker_there_is_no_producer() -> None:
    async def scenario(servers: str) -> None:
        async with acknowledged_producer(Settings(bootstrap_servers=servers)):
            pass

    with refusing() as nowhere, pytest.raises(KafkaConnectionError):
        asyncio.run(scenario(nowhere.removeprefix("http://")))
