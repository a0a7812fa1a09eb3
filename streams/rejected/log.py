"""The rejected records as they lie on their topic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.rejected import ORIGINAL, RejectedHeaders
from streams.kafka.reader import topic_reader
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record of the topic of rejected ones. `headers` is None for what only another program can have written.

    `original` are the headers it came with.
    """

    partition: int
    offset: int
    time_ms: int
    key: bytes | None
    value: bytes | None
    headers: RejectedHeaders | None
    original: list[tuple[str, bytes | None]]


class RejectedLog:
    """Reads the topic, in no group, so that nobody's work is disturbed; see `rejected_log`."""

    def __init__(self, consumer: AIOKafkaConsumer, tps: list[TopicPartition]) -> None:
        self._consumer = consumer
        self._tps = tps

    async def ranges(self) -> dict[TopicPartition, tuple[int, int]]:
        """The first offset kept and the end of each partition, as of now.

        Raises:
            KafkaError: the brokers do not answer.
        """
        firsts, ends = await self._consumer.beginning_offsets(self._tps), await self._consumer.end_offsets(self._tps)
        return {tp: (firsts[tp], ends[tp]) for tp in self._tps}

    async def read(self, tp: TopicPartition, first: int, end: int) -> AsyncIterator[RejectedRecord]:
        """Committed records in [first, end) of a partition, in order. One reading at a time.

        Raises:
            KafkaError: the brokers do not answer.
        """
        self._consumer.assign([tp])
        self._consumer.seek(tp, first)
        # By position, not by the last record: a partition may end in transaction markers, which are never delivered.
        while await self._consumer.position(tp) < end:
            for record in (await self._consumer.getmany(tp, timeout_ms=500)).get(tp, []):
                if record.offset < end:
                    yield _rejected(record)


@asynccontextmanager
async def rejected_log(settings: Settings) -> AsyncIterator[RejectedLog]:
    """A connection to read rejected records with.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    async with topic_reader(settings, settings.topics.rejected) as (consumer, tps):
        yield RejectedLog(consumer, tps)


def _rejected(record: Any) -> RejectedRecord:
    try:
        headers = RejectedHeaders.from_kafka((name, value) for name, value in record.headers if value is not None)
    except ValueError:
        headers = None
    original = [(name.removeprefix(ORIGINAL), value) for name, value in record.headers if name.startswith(ORIGINAL)]
    return RejectedRecord(
        record.partition, record.offset, record.timestamp, record.key, record.value, headers, original
    )
