"""The way to Kafka: what is confirmed to a caller is on all replicas, and a broker that is away is told at once.

An idempotent producer never gives an event up: what was handed over and not confirmed in time may still arrive, so a
caller that was told to try again may have sent an event twice, but none that was confirmed is ever lost. Once the
brokers leave something unanswered for half the time that callers wait, nothing more is handed over until they answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

RETRY_AFTER_S: Final = 5
"""When a caller that was turned away should come back."""

_RECORD_BYTES: Final = 200  # what a waiting record costs beside its value


class OutRecord(NamedTuple):
    """A record to be sent; key and value in UTF-8."""

    topic: str
    key: bytes
    value: bytes


class OutboxBusyError(Exception):
    """Too much waits for the brokers already, or they are away: nothing was taken."""


class Outbox:
    """Hands records to a producer, and waits `confirm_s` for them. `limit_bytes` bounds what waits, over all callers.

    `broken` is set when the producer can go on no more: only a new process helps.
    """

    def __init__(
        self, producer: AIOKafkaProducer, limit_bytes: int, confirm_s: float, monotonic_s: Callable[[], float]
    ) -> None:
        self._producer = producer
        self._confirm_s = confirm_s
        self._limit_bytes = limit_bytes
        self._monotonic_s = monotonic_s
        self._waiting: dict[int, tuple[float, int]] = {}  # since when, and how many bytes; the oldest first
        self._numbers = count()
        self.waiting_bytes = 0
        self.broken = asyncio.Event()

    @property
    def is_stuck(self) -> bool:
        """Whether the brokers have left something unanswered for too long."""
        oldest = next(iter(self._waiting.values()), None)
        return oldest is not None and self._monotonic_s() - oldest[0] > self._confirm_s / 2

    async def send(self, records: Sequence[OutRecord]) -> list[bool]:
        """Send records; for each, whether all replicas are known to have it.

        Raises:
            OutboxBusyError: nothing was taken.
        """
        size = sum(len(record.value) + _RECORD_BYTES for record in records)
        if self.broken.is_set() or self.is_stuck or self.waiting_bytes + size > self._limit_bytes:
            raise OutboxBusyError
        number = self._enter(size)
        sent: list[asyncio.Future[Any]] = []
        everything: asyncio.Future[Any]
        try:
            for record in records:
                sent.append(await self._producer.send(record.topic, record.value, record.key))  # noqa: PERF401
        except KafkaError as problem:  # KafkaTimeoutError, which can be retried: the buffer of a partition stays full
            self._note(problem)
        finally:
            # Until the last is answered, however long after the caller has gone.
            everything = sent[0] if len(sent) == 1 else asyncio.gather(*sent, return_exceptions=True)
            everything.add_done_callback(lambda future: self._leave(number, future))
        await asyncio.wait([everything], timeout=self._confirm_s)
        confirmed = [self._is_confirmed(future) for future in sent]
        return confirmed + [False] * (len(records) - len(sent))

    def _is_confirmed(self, future: "asyncio.Future[Any]") -> bool:
        if not future.done() or future.cancelled():
            return False
        problem = future.exception()
        if problem is not None:
            self._note(problem)
        return problem is None

    def _note(self, problem: BaseException) -> None:
        # After an event that cannot be retried, the sequence of an idempotent producer has a hole.
        if not (isinstance(problem, KafkaError) and problem.retriable):
            self.problem = problem
            self.broken.set()

    def _enter(self, size: int) -> int:
        number = next(self._numbers)
        self._waiting[number] = (self._monotonic_s(), size)
        self.waiting_bytes += size
        return number

    def _leave(self, number: int, future: "asyncio.Future[Any]") -> None:
        if not future.cancelled():
            future.exception()  # or asyncio would complain that nobody looked at it
        _, size = self._waiting.pop(number)
        self.waiting_bytes -= size
