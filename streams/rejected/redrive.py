"""Send the records that an application rejected back to the topics they came from, each once.

Every reason has a position of its own in each partition of the topic. They are the metadata of an offset that a
consumer group commits in the same transaction as the records they speak of, so a redrive goes on where the last one of
that reason ended, whatever crashed. An offset without metadata, as `kafka-consumer-groups` sets it, holds for all.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Collection
from dataclasses import dataclass, field
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import ProducerFenced
from aiokafka.structs import OffsetAndMetadata

from schemas.rejected import RejectedHeaders, RejectReason
from streams.intake.marks import REDRIVEN_FROM, CopyMark, redriven_from, without
from streams.kafka.cluster import admin_client
from streams.kafka.connection import client_options
from streams.kafka.groups import committed_offsets
from streams.kafka.placement import partition_of
from streams.rejected.log import RejectedLog, RejectedRecord, rejected_log
from streams.settings import Settings

_BATCH_RECORDS: Final = 500
_BATCH_BYTES: Final = 4 * 1024 * 1024

Positions = dict[str, int]
"""RejectReason -> the offset to go on at, in one partition of the topic."""
_Sendable = tuple[RejectedRecord, RejectedHeaders]


class OtherRedriveError(Exception):
    """Another redrive of the same application was started meanwhile and went on from here."""


@dataclass(slots=True)
class Redriven:
    """What became of the records from the positions on.

    `sent` went back; `older` were rejected before the time asked for; the `truncated` are too large, in their value or
    their key, and only the beginning was kept; `others` is how many another application rejected, which are that one's
    to redrive; `unusable` how many more cannot be sent: neither key nor value, no input topic, or not a rejected
    record.
    """

    sent: Counter[RejectReason] = field(default_factory=Counter)
    older: Counter[RejectReason] = field(default_factory=Counter)
    truncated: Counter[RejectReason] = field(default_factory=Counter)
    others: int = 0
    unusable: int = 0


def redrive_group(settings: Settings) -> str:
    """The consumer group that holds the positions."""
    return f"{settings.application_id}-redrive"


async def plan(settings: Settings, reasons: Collection[RejectReason], since_ms: int) -> Redriven:
    """What `redrive` would do now.

    Raises:
        MissingTopicError: nothing was ever rejected, there is not even a topic for it.
        KafkaError: the brokers do not answer.
    """
    async with rejected_log(settings) as log:
        return await _Redrive(settings, log, reasons, await _positions(settings), since_ms, None).run()


async def redrive(settings: Settings, reasons: Collection[RejectReason], since_ms: int) -> Redriven:
    """Send back what was rejected for these reasons, after their positions and not before `since_ms`.

    Raises:
        MissingTopicError: nothing was ever rejected, there is not even a topic for it.
        OtherRedriveError: another one was started meanwhile; nothing is sent twice.
        KafkaError: the brokers do not answer, or refuse; what was sent before is kept, with its positions.
    """
    async with rejected_log(settings) as log:
        producer = AIOKafkaProducer(
            **client_options(settings),
            transactional_id=f"{settings.application_id}-redrive",
            transaction_timeout_ms=settings.session_timeout,
            acks="all",
            enable_idempotence=True,
        )
        try:
            await producer.start()  # fences an earlier redrive: from here on the positions stand still
            return await _Redrive(settings, log, reasons, await _positions(settings), since_ms, producer).run()
        except ProducerFenced as problem:
            raise OtherRedriveError from problem
        finally:
            await producer.stop()


async def _positions(settings: Settings) -> dict[TopicPartition, Positions]:
    async with admin_client(settings) as admin:
        committed = await committed_offsets(admin, redrive_group(settings))
    return {tp: _decode(stored) for tp, stored in committed.items()}


def _encode(positions: Positions) -> OffsetAndMetadata:
    return OffsetAndMetadata(max(positions.values()), orjson.dumps(positions).decode())


def _decode(stored: OffsetAndMetadata) -> Positions:
    try:
        positions: Positions = orjson.loads(stored.metadata)
    except orjson.JSONDecodeError:  # none, or not ours
        return dict.fromkeys((reason.value for reason in RejectReason), stored.offset)
    return positions


@dataclass(slots=True)
class _Redrive:
    """One pass over the topic. Without a producer nothing is sent."""

    settings: Settings
    log: RejectedLog
    reasons: Collection[RejectReason]
    positions: dict[TopicPartition, Positions]
    since_ms: int
    producer: AIOKafkaProducer | None
    done: Redriven = field(default_factory=Redriven)

    async def run(self) -> Redriven:
        for tp, (first, end) in (await self.log.ranges()).items():
            positions = self.positions.setdefault(tp, {})
            start = max(first, min(positions.get(reason.value, first) for reason in self.reasons))
            batch: list[_Sendable] = []
            size = 0
            async for record in self.log.read(tp, start, end):
                headers = self._sendable(tp, record)
                if headers is None:
                    continue
                batch.append((record, headers))
                size += len(record.key or b"") + len(record.value or b"")
                if len(batch) >= _BATCH_RECORDS or size >= _BATCH_BYTES:
                    await self._send(tp, batch)
                    batch, size = [], 0
            if batch:
                await self._send(tp, batch)
        return self.done

    def _sendable(self, tp: TopicPartition, record: RejectedRecord) -> RejectedHeaders | None:
        """The headers of a record that is to be sent; None for another, which is counted."""
        headers = record.headers
        if headers is None:
            self.done.unusable += 1
        elif headers.application != self.settings.application_id:
            self.done.others += 1
        elif headers.reason not in self.reasons or record.offset < self.positions[tp].get(headers.reason.value, 0):
            pass  # not wanted, or sent before
        elif record.time_ms < self.since_ms:
            self.done.older[headers.reason] += 1
        elif (
            headers.reason is RejectReason.TOO_LARGE
            or headers.truncated is not None
            or headers.key_truncated is not None
        ):
            self.done.truncated[headers.reason] += 1
        elif headers.topic not in self.settings.topics.inputs or (record.key is None and record.value is None):
            self.done.unusable += 1
        else:
            return headers
        return None

    async def _send(self, tp: TopicPartition, batch: list[_Sendable]) -> None:
        """Records and the positions after them, in one transaction."""
        if self.producer is not None:
            positions = self.positions[tp]
            positions |= {headers.reason.value: record.offset + 1 for record, headers in batch}
            async with self.producer.transaction():
                sent: list[Awaitable[object]] = []
                try:
                    for sendable in batch:
                        sent.append(await self._send_one(self.producer, *sendable))  # noqa: PERF401 - kept on failure
                finally:
                    await asyncio.gather(*sent)  # any refusal raises
                group = redrive_group(self.settings)
                await self.producer.send_offsets_to_transaction({tp: _encode(positions)}, group)
        self.done.sent.update(headers.reason for _, headers in batch)

    async def _send_one(
        self, producer: AIOKafkaProducer, record: RejectedRecord, headers: RejectedHeaders
    ) -> Awaitable[object]:
        """Place it by its appKey, else by its key; with neither, beside where it was. Completes when acknowledged.

        Its own headers go with it: without them a CloudEvent would not be known for one. Rejected again, it keeps the
        mark of the first time.
        """
        count = len(await producer.partitions_for(headers.topic))
        place_by = app_key_of(record.value) or record.key
        partition = headers.partition % count
        if place_by is not None:
            partition = partition_of(place_by, count, self.settings.partitioner)
        first = redriven_from(record.original) or CopyMark(
            headers.application, headers.topic, headers.partition, headers.offset, headers.reason.value
        )
        sent: Awaitable[object] = await producer.send(
            headers.topic,
            record.value,
            record.key,
            partition=partition,
            headers=[*without(record.original, REDRIVEN_FROM), first.header],
        )
        return sent


def app_key_of(value: bytes | None) -> bytes | None:
    """The appKey a value names, however little else of it can be read; None without one."""
    try:
        document = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    app_key = document.get("appKey") if isinstance(document, dict) else None
    return app_key.encode() if isinstance(app_key, str) and app_key else None
