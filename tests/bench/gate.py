"""A gate before a load: nothing behind it is seen by a `read_committed` reader until it opens.

A record of an open transaction hides everything after it. So a worker can be started, warmed up and measured at
rest before the first event of the load reaches it, and start-up needs no guessing.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaProducer

_CLOSED_AT_MOST_MS: Final = 600_000  # below the brokers' default limit of 15 minutes


@asynccontextmanager
async def gate(servers: str, topic: str, partitions: int) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A closed gate at the present end of every partition; the function it gives opens it."""
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, transactional_id=f"{topic}-gate", transaction_timeout_ms=_CLOSED_AT_MOST_MS
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        for partition in range(partitions):
            await producer.send_and_wait(topic, b"", partition=partition)
        yield producer.abort_transaction
    finally:
        await producer.stop()
