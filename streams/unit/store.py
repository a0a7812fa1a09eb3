"""A unit's state in Kafka: its changelog, and commits of one transaction of the partition's own producer, or nothing.

The transactional id belongs to the source partition. Starting its producer fences every earlier owner, so a worker
that was thought dead can neither add a row nor move the offset.
"""

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.structs import OffsetAndMetadata

from streams.evaluation.series import Series
from streams.kafka.commit_mark import CommitMark
from streams.kafka.connection import client_options
from streams.kafka.placement import partition_of
from streams.outlet.outgoing import Headers, Outgoing
from streams.ownership.seams import Position
from streams.ownership.source import SourceOffsets
from streams.settings import Settings
from streams.tables.changelog import restore
from streams.tables.identity import Identity, check_outputs
from streams.tables.rows import Meta
from streams.unit.beginning import ask_offsets, beginning
from streams.unit.committed_position import CommittedPosition
from streams.unit.failpoints import Failpoint, Step
from streams.unit.work import Work

_BATCH_BYTES = 512 * 1024
_COMPRESSED = DefaultRecordBatch.CODEC_ZSTD
_AS_IT_IS = DefaultRecordBatch.CODEC_NONE
_COMMIT_MARKER = 1  # offsets that it takes in every partition of a transaction

Row = tuple[bytes | None, bytes | None, Headers, int | None]
"""Key, value, headers, timestamp in ms (None: now)."""
_NO_HEADERS: Headers = []


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a partition's last commit left: meta row and series; `partitions` is how many its topic has."""

    meta: Meta
    series: list[Series]
    partitions: int


class KafkaStore:
    """Where one source partition's commits go, and its state is read back from: a `seams.Store`."""

    def __init__(self, settings: Settings, topic: str, partition: int, changelog: str, failpoint: Failpoint) -> None:
        self._settings = settings
        self.source = TopicPartition(topic, partition)
        self._changelog = changelog
        self._failpoint = failpoint
        # Rows repeat each other, and what is refused was compressed when it came: it must not take more room now. What
        # else others read stays readable for every client.
        self._compressed = {changelog, settings.topics.rejected}
        self._found: tuple[SourceOffsets, CommittedPosition]
        self.progressed_s = 0.0
        self._time_limit_s = settings.transaction_timeout / 1_000
        self._producer = AIOKafkaProducer(
            **client_options(settings),
            transactional_id=f"{settings.application_id}-{topic}-{partition}",
            transaction_timeout_ms=settings.transaction_timeout,
            request_timeout_ms=settings.transaction_timeout,
            acks="all",
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES,
        )

    async def open(self) -> None:
        """Fence every earlier owner and finish off what it left."""
        await self._producer.start()

    async def position(self) -> Position:
        """Where the source and the last commit stand; the mark is a `CommittedPosition`."""
        self._found = source, mark = await ask_offsets(self._settings, self.source, self._changelog)
        return Position(source, mark)

    async def load(self) -> Loaded:
        """The state of the last commit, read from the changelog in bulk; after `position`.

        Raises:
            RefusalError: rows are missing, or are of a format that this version does not know.
        """
        state = await restore(self._settings, self._changelog, self.source.partition)
        meta = beginning(*self._found, self._changelog, state.meta)
        identity = await self._identity()
        if meta.identity is not None:
            identity.check(meta.identity, self.source.partition)
        meta = msgspec.structs.replace(meta, identity=identity, outputs=await self._outputs(meta.outputs))
        return Loaded(meta, state.series, identity.partitions)

    async def _identity(self) -> Identity:
        settings, topic = self._settings, self.source.topic
        return Identity(settings.application_id, topic, await self._partitions(topic), settings.partitioner)

    async def _outputs(self, stored: Mapping[str, int]) -> dict[str, int]:
        """How many partitions the topics have that alerts and what was rejected go to."""
        topics = self._settings.topics
        outputs = (topics.alert_state, topics.alerts, topics.rejected)
        counts = {topic: await self._partitions(topic) for topic in outputs}
        check_outputs(topics.alert_state, stored, counts)
        return counts

    async def close(self) -> None:
        """Let go of the connection."""
        await self._producer.stop()

    async def _partitions(self, topic: str) -> int:
        return len(await self._producer.partitions_for(topic))

    async def write(self, work: Work) -> CommittedPosition:
        """Store all of the work, or raise: then nobody can tell, and the process must end.

        Returns the mark that it leaves.

        Raises:
            TimeoutError: not done within the transaction timeout.
            aiokafka.errors.KafkaError: refused, or fenced by a newer owner.
        """
        async with asyncio.timeout(self._time_limit_s):
            await self._producer.begin_transaction()
            rows: Iterator[Row] = ((key, value, _NO_HEADERS, None) for key, value in work.rows.items())
            last_row = await self._send({(self._changelog, self.source.partition): rows})
            self._failpoint.passed(Step.AFTER_ROWS)
            await self._send(await self._by_place((*work.alerts, *work.misfits)))
            self._failpoint.passed(Step.AFTER_ALERTS)
            mark = CommitMark(self._settings.application_id, self._settings.partitioner, work.watermark_ms)
            offset = OffsetAndMetadata(work.next_offset, mark.metadata)
            await self._producer.send_offsets_to_transaction({self.source: offset}, self._settings.application_id)
            self._failpoint.passed(Step.AFTER_OFFSETS)
            await self._producer.commit_transaction()
            self._failpoint.passed(Step.AFTER_COMMIT)
        return CommittedPosition(work.next_offset, last_row + 1 + _COMMIT_MARKER)

    async def _by_place(self, records: Collection[Outgoing]) -> dict[tuple[str, int], list[Row]]:
        """Records by topic and partition, in order; one without a key to place it by stays beside its source."""
        places: dict[tuple[str, int], list[Row]] = {}
        counts = {topic: await self._partitions(topic) for topic in {record.topic for record in records}}
        for record in records:
            count = counts[record.topic]
            if record.partition_key is None:
                partition = self.source.partition % count
            else:
                partition = partition_of(record.partition_key, count, self._settings.partitioner)
            row = (record.key, record.value, record.headers, record.timestamp_ms)
            places.setdefault((record.topic, partition), []).append(row)
        return places

    async def _send(self, places: Mapping[tuple[str, int], Iterable[Row]]) -> int:
        """Send whole batches, a tenth of the cost of single records, and wait until all are acknowledged.

        Returns the offset of the last record; -1 where there is none, or the broker does not tell.
        """
        sent: list[asyncio.Future[Any]] = []
        last_record = -1
        for (topic, partition), rows in places.items():
            codec = _COMPRESSED if topic in self._compressed else _AS_IT_IS
            batch = _new_batch(codec)
            for key, value, headers, timestamp_ms in rows:
                fits = batch.append(key=key, value=value, timestamp=timestamp_ms, headers=headers)
                if fits is None:
                    sent.append(await self._producer.send_batch(batch, topic, partition=partition))
                    batch = _new_batch(codec)
                    batch.append(key=key, value=value, timestamp=timestamp_ms, headers=headers)
            sent.append(await self._producer.send_batch(batch, topic, partition=partition))
            last_record = batch.record_count() - 1
        for one in sent:
            one.add_done_callback(self._note_progress)
        acknowledged = await asyncio.gather(*sent)  # any refusal raises
        base_offset: int = acknowledged[-1].offset if acknowledged else -1
        return -1 if base_offset < 0 else base_offset + last_record

    def _note_progress(self, sent: asyncio.Future[Any]) -> None:
        if not sent.cancelled() and sent.exception() is None:
            self.progressed_s = time.monotonic()


def _new_batch(codec: int) -> BatchBuilder:
    return BatchBuilder(_BATCH_BYTES, codec, is_transactional=True)
