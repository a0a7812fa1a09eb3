"""The way to one partition: one batch at a time is under way, and what comes meanwhile makes the next.

Records of many calls so share a request, a future and their fate.
"""

import asyncio
from collections import deque
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder


class Lane:
    """Hands batches to a producer that never gives one up: the next is sent when the one before is answered."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partition: int) -> None:
        self._producer = producer
        self._topic = topic
        self._partition = partition
        self._coming: deque[tuple[BatchBuilder, asyncio.Future[Any]]] = deque()
        self._delivery: asyncio.Task[None] | None = None

    def put(self, key: bytes, value: bytes) -> asyncio.Future[Any]:
        """Take a record; the future of its batch is done when all replicas have it, or fails as the producer does."""
        if not self._coming or not self._append(key, value):
            self._coming.append((self._producer.create_batch(), asyncio.get_running_loop().create_future()))
            self._append(key, value)  # a batch takes its first record however large
        if self._delivery is None or self._delivery.done():
            self._delivery = asyncio.create_task(self._deliver())
        return self._coming[-1][1]

    def _append(self, key: bytes, value: bytes) -> bool:
        return self._coming[-1][0].append(timestamp=None, key=key, value=value) is not None

    async def _deliver(self) -> None:
        while self._coming:
            batch, confirmed = self._coming.popleft()
            try:
                sent = await self._producer.send_batch(batch, self._topic, partition=self._partition)
                confirmed.set_result(await sent)
            except Exception as problem:  # whatever it is, callers wait to hear of it
                confirmed.set_exception(problem)
