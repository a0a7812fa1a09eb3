"""The way to Kafka: what is confirmed to a caller is on all replicas, and a broker that is away is told at once.

An idempotent producer never gives an event up: what was handed over and not confirmed in time may still arrive, so a
caller that was told to try again may have sent an event twice, but none that was confirmed is ever lost. Once the
brokers leave something unanswered for half the time that callers wait, nothing more is handed over until they answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import count, groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.gateway.lane import Lane

RETRY_AFTER_S: Final = 5
"""When a caller that was turned away should come back."""

_RECORD_BYTES: Final = 200  # what a waiting record costs beside its value


class OutRecord(NamedTuple):
    """A record to be sent; key and value in UTF-8."""

    topic: str
    key: bytes
    value: bytes


class _Waiting(NamedTuple):
    """Records of a call: since when they wait, how many bytes they are, and who is told when they need not any more."""

    since_s: float
    size: int
    answered: "asyncio.Future[None]"


class OutboxBusyError(Exception):
    """Too much waits for the brokers already, or they are away: nothing was taken."""


class Outbox:
    """Hands records to a producer, and waits `confirm_s` for them. `limit_bytes` bounds what waits, over all callers.

    `place` gives the partition of a key from the number of partitions.
    `broken` is set when the producer can go on no more: only a new process helps.
    """

    def __init__(
        self,
        producer: AIOKafkaProducer,
        place: Callable[[bytes, int], int],
        limit_bytes: int,
        confirm_s: float,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._producer = producer
        self._place = place
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._confirm_s = confirm_s
        self._limit_bytes = limit_bytes
        self._monotonic_s = monotonic_s
        self._waiting: dict[int, _Waiting] = {}  # the oldest first
        self._timer: asyncio.TimerHandle | None = None
        self._numbers = count()
        self.waiting_bytes = 0
        self.broken = asyncio.Event()

    @property
    def is_stuck(self) -> bool:
        """Whether the brokers have left something unanswered for too long."""
        oldest = next(iter(self._waiting.values()), None)
        return oldest is not None and self._monotonic_s() - oldest.since_s > self._confirm_s / 2

    async def send(self, records: Sequence[OutRecord]) -> list[bool]:
        """Send records; for each, whether all replicas are known to have it.

        Raises:
            OutboxBusyError: nothing was taken.
        """
        size = sum(len(record.value) + _RECORD_BYTES for record in records)
        if self.broken.is_set() or self.is_stuck or self.waiting_bytes + size > self._limit_bytes:
            raise OutboxBusyError
        number, answered = self._enter(size)
        sent: list[asyncio.Future[Any]] = []  # of each record, that of its batch
        everything: asyncio.Future[Any]
        try:
            for (topic, key), same in groupby(records, itemgetter(0, 1)):
                lane = await self._lane(topic, key)
                sent += [lane.put(key, record.value) for record in same]
        except KafkaError as problem:  # the topic is not there, or may not be written
            self._note(problem)
        finally:
            # Until the last is answered, however long after the caller has gone.
            batches = set(sent)
            everything = sent[0] if len(batches) == 1 else asyncio.gather(*batches, return_exceptions=True)
            everything.add_done_callback(lambda future: self._leave(number, future))
        await answered
        confirmed = {batch for batch in batches if self._is_confirmed(batch)}
        return [batch in confirmed for batch in sent] + [False] * (len(records) - len(sent))

    async def _lane(self, topic: str, key: bytes) -> Lane:
        partition = self._place(key, len(await self._producer.partitions_for(topic)))
        lane = self._lanes.get((topic, partition))
        if lane is None:
            lane = self._lanes[topic, partition] = Lane(self._producer, topic, partition)
        return lane

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

    def _enter(self, size: int) -> "tuple[int, asyncio.Future[None]]":
        number, answered = next(self._numbers), asyncio.get_running_loop().create_future()
        self._waiting[number] = _Waiting(self._monotonic_s(), size, answered)
        self.waiting_bytes += size
        if self._timer is None:
            self._let_go()
        return number, answered

    def _let_go(self) -> None:
        """Let callers go that have waited long enough, and see to the next when it has: one timer is there for all."""
        self._timer, now_s = None, self._monotonic_s()
        for since_s, _, answered in self._waiting.values():
            if not answered.done():
                left_s = since_s + self._confirm_s - now_s
                if left_s > 0:
                    self._timer = asyncio.get_running_loop().call_later(left_s, self._let_go)
                    return
                answered.set_result(None)

    def _leave(self, number: int, future: "asyncio.Future[Any]") -> None:
        if not future.cancelled():
            future.exception()  # or asyncio would complain that nobody looked at it
        _, size, answered = self._waiting.pop(number)
        self.waiting_bytes -= size
        if not answered.done():
            answered.set_result(None)
