"""How the limits read: all partitions of a topic from their beginning.

Nothing of the worker is imported here: its transport replaces parts of aiokafka, which is to be measured raw.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.bench.case import PARTITIONS


@asynccontextmanager
async def reader_of(servers: str, topic: str, fetch_bytes: int, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer at the beginning of a topic, which fetches so much of a partition at most."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        isolation_level="read_committed",
        enable_auto_commit=False,
        max_partition_fetch_bytes=fetch_bytes,
        **options,
    )
    async with consumer:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        yield consumer
