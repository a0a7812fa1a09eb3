"""What everything else rests on: records and source offsets commit together, promptly, or not at all."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from tests.kafka_fixture import Kafka, completed

COMMIT_TIMEOUT_S = 60


async def read_committed(kafka: Kafka, topic: str, count: int) -> list[bytes]:
    """The first `count` committed values of a topic's only partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(COMMIT_TIMEOUT_S):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def committed_offset(kafka: Kafka, group: str, partition: TopicPartition) -> int | None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign([partition])
        offset: int | None = await consumer.committed(partition)
        return offset
    finally:
        await consumer.stop()


def test_records_and_source_offset_commit_together(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario() -> None:
        source = TopicPartition(await kafka.create_topic(f"{topic_prefix}source"), 0)
        target = await kafka.create_topic(f"{topic_prefix}target")
        group = f"{topic_prefix}group"
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, transactional_id=f"{topic_prefix}unit")
        async with asyncio.timeout(COMMIT_TIMEOUT_S):
            await producer.start()
            try:
                async with producer.transaction():
                    await producer.send_and_wait(target, b"counted")
                    await producer.send_offsets_to_transaction({source: 7}, group)
            finally:
                await producer.stop()
            await completed(kafka.bootstrap_servers, f"{topic_prefix}unit")
        assert await read_committed(kafka, target, 1) == [b"counted"]
        assert await committed_offset(kafka, group, source) == 7

    asyncio.run(scenario())


def test_an_aborted_transaction_leaves_nothing_to_read_and_no_offset(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario() -> None:
        source = TopicPartition(await kafka.create_topic(f"{topic_prefix}source"), 0)
        target = await kafka.create_topic(f"{topic_prefix}target")
        group = f"{topic_prefix}group"
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, transactional_id=f"{topic_prefix}unit")
        await producer.start()
        try:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await producer.begin_transaction()
                await producer.send_and_wait(target, b"aborted")
                await producer.send_offsets_to_transaction({source: 7}, group)
                await producer.abort_transaction()
                async with producer.transaction():
                    await producer.send_and_wait(target, b"after")
        finally:
            await producer.stop()
        assert await read_committed(kafka, target, 1) == [b"after"]
        assert await committed_offset(kafka, group, source) is None

    asyncio.run(scenario())


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_the_broker_unpacks_and_repacks_every_codec_of_a_producer(kafka: Kafka, topic_prefix: str, codec: str) -> None:
    async def scenario() -> None:
        # A topic codec other than the producer's makes the broker unpack and pack with its own native libraries.
        topic_codec = "zstd" if codec != "zstd" else "lz4"
        topic = await kafka.create_topic(f"{topic_prefix}{codec}", compression_type=topic_codec)
        value = b"compressible " * 100
        async with asyncio.timeout(COMMIT_TIMEOUT_S):
            async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, compression_type=codec) as producer:
                await producer.send_and_wait(topic, value)
        assert await read_committed(kafka, topic, 1) == [value]

    asyncio.run(scenario())


def test_a_topic_may_allow_records_of_four_megabytes(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario() -> None:
        size = 4_000_000
        topic = await kafka.create_topic(f"{topic_prefix}large", max_message_bytes=str(4 * 1024 * 1024))
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, max_request_size=2 * size) as producer:
            await producer.send_and_wait(topic, b"x" * size)
        assert [len(value) for value in await read_committed(kafka, topic, 1)] == [size]

    asyncio.run(scenario())
