"""A producer whose records are all acknowledged, in order, and lie where the evaluator expects them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.intake.placement import partition_of
from streams.kafka.connection import client_options
from streams.settings import PartitionerName, Settings


@asynccontextmanager
async def acknowledged_producer(settings: Settings, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
    """Acknowledged by all replicas, idempotent, partitioned as `SLO_PARTITIONER` says; `options` are aiokafka's.

    Leaving the context sends what is still buffered.

    Raises:
        KafkaError: no broker could be reached.
    """
    producer = AIOKafkaProducer(
        **client_options(settings),
        acks="all",
        enable_idempotence=True,
        partitioner=_partitioner(settings.partitioner),
        **options,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


def _partitioner(name: PartitionerName) -> Callable[[bytes, Sequence[int], Sequence[int]], int]:
    """The placement rule, remembering where keys belong: producers send the same ones again and again."""
    remembered = lru_cache(maxsize=10_000)(partial(partition_of, partitioner=name))

    def place(key: bytes, all_partitions: Sequence[int], _available: Sequence[int]) -> int:
        return remembered(key, len(all_partitions))

    return place
