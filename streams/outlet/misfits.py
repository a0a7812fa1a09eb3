"""What to do with records that do not fit: keep the unusable ones with their reason, put the misplaced ones right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.rejected import ORIGINAL, RejectedHeaders, RejectReason
from streams.intake.admission import Misplaced
from streams.intake.checking import Rejection
from streams.intake.marks import NO_TIMESTAMP, REROUTED_FROM, REROUTED_TIMESTAMP, CopyMark, without
from streams.kafka.chunk import LOG_APPEND_TIME
from streams.kafka.excerpt import Excerpt, size_of
from streams.outlet.outgoing import Outgoing

PUT_RIGHT_BYTES: Final = 900_000  # the brokers' default limit is 1 MiB for a whole batch


@dataclass(frozen=True, slots=True)
class Unfit:
    """The records for those that were rejected, made as they are gone through, and for others."""

    misfits: "Misfits"
    rejections: Sequence[Rejection]
    others: Sequence[Outgoing]

    def __iter__(self) -> Iterator[Outgoing]:
        yield from map(self.misfits.rejected, self.rejections)
        yield from self.others


@dataclass(frozen=True, slots=True)
class Misfits:
    """Makes the records for what an application could not use of one source partition."""

    application: str
    topic: str
    partition: int
    rejected_topic: str

    def rejected(self, rejection: Rejection) -> Outgoing:
        """The original bytes and headers with the reason; of a value too large, its beginning and its digest."""
        record = rejection.record
        own = without(record.headers, REROUTED_FROM, REROUTED_TIMESTAMP)  # those are ours
        original = [(ORIGINAL + name, value) for name, value in own]
        headers = RejectedHeaders(
            reason=rejection.reason,
            detail=rejection.detail,
            application=self.application,
            topic=self.topic,
            partition=self.partition,
            offset=record.offset,
            truncated=record.truncated,
            sha256=record.sha256,
            key_truncated=record.key_truncated,
            headers_left_out=record.headers_left_out or None,
        )
        return Outgoing(
            self.rejected_topic,
            record.key,
            record.value,
            [*headers.to_kafka(), *original],
        )

    def put_right(self, misplaced: Misplaced) -> Outgoing | Rejection:
        """Copy of a misplaced record under its own key, for its own partition of the same topic.

        One whose headers are too large to be produced again is to be rejected instead: it must not stop the stream.
        """
        record = misplaced.record
        timestamp_ms = NO_TIMESTAMP if record.timestamp is None else record.timestamp
        mark = CopyMark(self.application, self.topic, self.partition, record.offset)
        headers = [*without(record.headers, REROUTED_TIMESTAMP), mark.header]
        if record.timestamp_type == LOG_APPEND_TIME:
            headers.append((REROUTED_TIMESTAMP, str(timestamp_ms).encode()))
        size = len(record.value or b"") + size_of(headers)
        if size > PUT_RIGHT_BYTES or (isinstance(record, Excerpt) and record.headers_left_out):
            return Rejection.of(record, RejectReason.MISPLACED, f"too large to be put right: {size:,} bytes")
        key = misplaced.app_key.encode()
        return Outgoing(self.topic, key, record.value, headers, partition_key=key, timestamp_ms=timestamp_ms)
