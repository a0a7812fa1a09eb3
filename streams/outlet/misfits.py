"""What to do with records that do not fit: keep the unusable ones with their reason, put the misplaced ones right."""

from dataclasses import dataclass
from typing import Final

from schemas.rejected import ORIGINAL, RejectedHeaders, RejectReason
from streams.intake.admission import REROUTED_FROM, Misplaced
from streams.intake.checking import Rejection
from streams.kafka.excerpt import size_of
from streams.outlet.outgoing import Outgoing

PUT_RIGHT_BYTES: Final = 900_000  # the brokers' default limit is 1 MiB for a whole batch


@dataclass(frozen=True, slots=True)
class Misfits:
    """Makes the records for what one source partition could not use."""

    topic: str
    partition: int
    rejected_topic: str

    def rejected(self, rejection: Rejection) -> Outgoing:
        """The original bytes and headers with the reason; of a value too large, its beginning and its digest."""
        record = rejection.record
        own = [(ORIGINAL + name, value) for name, value in record.headers if name != REROUTED_FROM]  # that mark is ours
        headers = RejectedHeaders(
            reason=rejection.reason,
            detail=rejection.detail,
            topic=self.topic,
            partition=self.partition,
            offset=record.offset,
            truncated=record.truncated,
            sha256=record.sha256,
            key_truncated=record.key_truncated,
            headers_left_out=record.headers_left_out or None,
        )
        return Outgoing(self.rejected_topic, record.key, record.value, [*headers.to_kafka(), *own])

    def put_right(self, misplaced: Misplaced) -> Outgoing | Rejection:
        """The same record under its own key, bound for its own partition of the same topic.

        One whose headers are too large to be produced again is to be rejected instead: it must not stop the stream.
        """
        record = misplaced.record
        headers = [*record.headers, (REROUTED_FROM, f"{self.partition}@{record.offset}".encode())]
        size = len(record.value or b"") + size_of(headers)
        if size > PUT_RIGHT_BYTES:
            return Rejection.of(record, RejectReason.MISPLACED, f"too large to be put right: {size:,} bytes")
        key = misplaced.app_key.encode()
        timestamp_ms = record.timestamp if record.timestamp is not None and record.timestamp >= 0 else None
        return Outgoing(self.topic, key, record.value, headers, partition_key=key, timestamp_ms=timestamp_ms)
