"""A producer whose records are all acknowledged, in order, and lie where the evaluator expects them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.kafka.connection import client_options
from streams.kafka.placement import client_partitioner
from streams.settings import Settings


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
        partitioner=client_partitioner(settings.partitioner),
        **options,
    )
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()
