"""The input as it lies on the topics: committed records of many partitions, together in the order of time.

Within a partition records stay in their order. Between partitions the one whose next record has the earliest timestamp
goes on, so that whoever judges all of them as one log finds little of it too late.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.reader import topic_reader
from streams.settings import Settings

_RECORDS_AT_A_TIME: Final = 500
_FETCH_WAIT_MS: Final = 500
_LOG_APPEND_TIME: Final = 1


@dataclass(frozen=True, slots=True)
class Span:
    """Timestamps in [`from_ms`, `to_ms`), epoch ms; None: no bound."""

    from_ms: int | None = None
    to_ms: int | None = None

    def __contains__(self, timestamp_ms: int) -> bool:
        """A record without a timestamp lies in every span."""
        if timestamp_ms < 0:
            return True
        is_early = self.from_ms is not None and timestamp_ms < self.from_ms
        return not is_early and not self.is_over(timestamp_ms)

    def is_over(self, timestamp_ms: int) -> bool:
        """Whether a timestamp lies behind it."""
        return self.to_ms is not None and timestamp_ms >= self.to_ms


@asynccontextmanager
async def export(settings: Settings, topics: Sequence[str], span: Span) -> AsyncIterator["Export"]:
    """What is on the topics by now. Of the catalogue and the exclusions no beginning is left out: what they say holds.

    Raises:
        MissingTopicError: nobody has created one of the topics yet.
        KafkaError: no broker could be reached.
    """
    async with topic_reader(settings, *topics) as (consumer, tps):
        yield Export(consumer, tps, span, settings.topics.reference)


class Export:
    """Reads partitions from where a span begins to where they end now."""

    def __init__(
        self, consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition], span: Span, whole: Sequence[str]
    ) -> None:
        """`whole` are topics of which no beginning is left out."""
        self._consumer = consumer
        self._tps = tps
        self._span = span
        self._until = Span(to_ms=span.to_ms)
        self._whole = whole
        self._starts: dict[TopicPartition, int] = {}
        self._ends: dict[TopicPartition, int] = {}
        self._done = 0

    @property
    def progress(self) -> float:
        """Which part of it was read, between 0 and 1."""
        size = sum(self._ends[tp] - start for tp, start in self._starts.items())
        return min(1.0, self._done / size) if size > 0 else 1.0

    async def records(self) -> AsyncIterator[Any]:
        """The records, as aiokafka gives them. To be gone through once.

        Raises:
            KafkaError: the brokers do not answer.
        """
        self._ends = await self._consumer.end_offsets(self._tps)
        self._starts = await self._first_offsets()
        self._consumer.assign(self._tps)
        for tp, offset in self._starts.items():
            self._consumer.seek(tp, offset)
        logs = [self._partition(tp) for tp in self._tps]
        firsts = [(at, await anext(log, None)) for at, log in enumerate(logs)]
        waiting = [(first.timestamp, at, first) for at, first in firsts if first is not None]
        heapify(waiting)
        while waiting:
            time_ms, at, record = waiting[0]
            yield record
            following = await anext(logs[at], None)
            if following is None:
                heappop(waiting)
            else:
                told_ms = following.timestamp if following.timestamp >= 0 else time_ms
                heapreplace(waiting, (told_ms, at, following))

    async def _first_offsets(self) -> dict[TopicPartition, int]:
        starts: dict[TopicPartition, int] = await self._consumer.beginning_offsets(self._tps)
        if self._span.from_ms is not None:
            asked = {tp: self._span.from_ms for tp in self._tps if tp.topic not in self._whole}
            for tp, found in (await self._consumer.offsets_for_times(asked)).items():
                starts[tp] = self._ends[tp] if found is None else max(starts[tp], found.offset)
        return starts

    async def _partition(self, tp: TopicPartition) -> AsyncIterator[Any]:
        """Records of one partition that lie in the span, in order."""
        end = self._ends[tp]
        position = self._starts[tp]
        # By position, not by the last record: a partition may end in transaction markers, which are never delivered.
        while position < end:
            found = await self._consumer.getmany(tp, timeout_ms=_FETCH_WAIT_MS, max_records=_RECORDS_AT_A_TIME)
            for record in found.get(tp, []):
                if record.offset >= end:
                    break
                if self._span.is_over(record.timestamp) and record.timestamp_type == _LOG_APPEND_TIME:
                    self._done += end - position
                    return  # all behind it are later
                if record.timestamp in (self._until if tp.topic in self._whole else self._span):
                    yield record
            before, position = position, await self._consumer.position(tp)
            self._done += position - before
