"""How the limits read: all partitions of a topic from their beginning, with the worker's own settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.intake.transport import FETCH_BYTES
from tests.bench.case import PARTITIONS


@asynccontextmanager
async def reader_of(servers: str, topic: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer at the beginning of a topic."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    async with consumer:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        yield consumer
