"""How far the evaluator is with each input partition, as its committed offsets tell."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata

from streams.kafka.cluster import admin_client, existing_topics
from streams.kafka.commit_mark import commit_mark
from streams.kafka.connection import client_options
from streams.settings import Settings

_NEVER_COMMITTED: Final = -1
_PATIENCE_S: Final = 30.0
_RETRY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """One input partition: offsets of its log, and what of it is judged.

    `next_offset` is where the evaluator goes on; the first one of the log when it never committed. `watermark_ms` is
    the time up to which it has seen events; None before the first accepted one.
    """

    topic: str
    partition: int
    end_offset: int
    next_offset: int
    watermark_ms: int | None
    first_offset: int = 0

    @property
    def holds_records(self) -> bool:
        """Whether anything lies there."""
        return self.end_offset > self.first_offset

    @property
    def lag(self) -> int:
        """Records still to be read."""
        return max(0, self.end_offset - self.next_offset)


class ProgressReader:
    """Asks the brokers again and again over the same connections; see `progress_reader`."""

    def __init__(self, settings: Settings, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._settings = settings
        self._consumer = consumer
        self._admin = admin

    async def read(self) -> dict[str, list[PartitionProgress]]:
        """Progress of every input topic, partition by partition; an empty list for a topic that is not created.

        Raises:
            KafkaError: the brokers do not answer.
        """
        existing = await existing_topics(self._admin)
        committed = await self._admin.list_consumer_group_offsets(self._settings.application_id)
        return {
            topic: await self._read_topic(topic, existing[topic].partitions, committed) if topic in existing else []
            for topic in self._settings.topics.inputs
        }

    async def ends(self, topic: str) -> dict[int, int]:
        """The end of each partition of a topic, which may not be there: then there is none.

        Raises:
            KafkaError: the brokers do not answer.
        """
        existing = await existing_topics(self._admin)
        if topic not in existing:
            return {}
        ends = await self._consumer.end_offsets([TopicPartition(topic, n) for n in range(existing[topic].partitions)])
        return {tp.partition: end for tp, end in ends.items()}

    async def read_when_ready(self) -> dict[str, list[PartitionProgress]]:
        """Read the progress, with patience for a new broker that has yet to set up its first group.

        Raises:
            KafkaError: the brokers do not answer, or still not after 30 s.
        """
        deadline_s = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return await self.read()
            except KafkaError as problem:
                if not problem.retriable or time.monotonic() > deadline_s:
                    raise
                await asyncio.sleep(_RETRY_S)

    async def _read_topic(
        self, topic: str, partitions: int, committed: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> list[PartitionProgress]:
        tps = [TopicPartition(topic, partition) for partition in range(partitions)]
        firsts, ends = await self._consumer.beginning_offsets(tps), await self._consumer.end_offsets(tps)
        progress = []
        for tp in tps:
            stored = committed.get(tp, OffsetAndMetadata(_NEVER_COMMITTED, ""))
            mark = commit_mark(stored.metadata)
            watermark_ms = None if mark is None else mark.watermark_ms
            progress.append(
                PartitionProgress(
                    topic, tp.partition, ends[tp], max(stored.offset, firsts[tp]), watermark_ms, firsts[tp]
                )
            )
        return progress


@asynccontextmanager
async def progress_reader(settings: Settings) -> AsyncIterator[ProgressReader]:
    """Connections to read progress with.

    Raises:
        KafkaError: no broker could be reached.
    """
    async with admin_client(settings) as admin:
        consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False, group_id=None)
        try:
            await consumer.start()
            yield ProgressReader(settings, consumer, admin)
        finally:
            await consumer.stop()
