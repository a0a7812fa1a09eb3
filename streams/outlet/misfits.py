"""What to do with records that do not fit: keep the unusable ones with their reason, put the misplaced ones right."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.rejected import ORIGINAL, RejectedHeaders, RejectReason
from streams.intake.admission import REROUTED_FROM, Misplaced
from streams.intake.checking import Rejection
from streams.outlet.outgoing import Header, Headers, Outgoing

KEPT_WHOLE_BYTES: Final = 900_000  # the brokers' default limit is 1 MiB for a whole batch
KEPT_OF_LARGE_BYTES: Final = 64 * 1024
KEPT_OF_HEADERS_BYTES: Final = 16 * 1024
_HEADER_BYTES: Final = 10  # the lengths of name and value take up to 5 bytes each


@dataclass(frozen=True, slots=True)
class Misfits:
    """Makes the records for what one source partition could not use."""

    topic: str
    partition: int
    rejected_topic: str

    def rejected(self, rejection: Rejection) -> Outgoing:
        """The original bytes and headers with the reason; of a value too large, its beginning and its digest."""
        record = rejection.record
        key, value = record.key, record.value
        truncated = sha256 = key_truncated = None
        if value is not None and len(value) > KEPT_WHOLE_BYTES:
            truncated, sha256 = len(value), hashlib.sha256(value).hexdigest()
            value = value[:KEPT_OF_LARGE_BYTES]
        if key is not None and len(key) > KEPT_OF_LARGE_BYTES and len(key) + len(value or b"") > KEPT_WHOLE_BYTES:
            key_truncated, key = len(key), key[:KEPT_OF_LARGE_BYTES]
        own = [header for header in record.headers if header[0] != REROUTED_FROM]  # that mark is ours
        kept = _kept(own)
        headers = RejectedHeaders(
            reason=rejection.reason,
            detail=rejection.detail,
            topic=self.topic,
            partition=self.partition,
            offset=record.offset,
            truncated=truncated,
            sha256=sha256,
            key_truncated=key_truncated,
            headers_left_out=len(own) - len(kept) or None,
        )
        return Outgoing(self.rejected_topic, key, value, [*headers.to_kafka(), *kept])

    def put_right(self, misplaced: Misplaced) -> Outgoing | Rejection:
        """The same record under its own key, bound for its own partition of the same topic.

        One whose headers are too large to be produced again is to be rejected instead: it must not stop the stream.
        """
        record = misplaced.record
        headers = [*record.headers, (REROUTED_FROM, f"{self.partition}@{record.offset}".encode())]
        size = len(record.value or b"") + _size_of(headers)
        if size > KEPT_WHOLE_BYTES:
            return Rejection(record, RejectReason.MISPLACED, f"too large to be put right: {size:,} bytes")
        key = misplaced.app_key.encode()
        timestamp_ms = record.timestamp if record.timestamp is not None and record.timestamp >= 0 else None
        return Outgoing(self.topic, key, record.value, headers, partition_key=key, timestamp_ms=timestamp_ms)


def _kept(headers: Iterable[Header]) -> Headers:
    """As many of a record's own headers as there is room for."""
    kept: Headers = []
    room = KEPT_OF_HEADERS_BYTES
    for name, value in headers:
        header = (ORIGINAL + name, value)
        size = _size_of([header])
        if size <= room:
            room -= size
            kept.append(header)
    return kept


def _size_of(headers: Iterable[Header]) -> int:
    """Bytes that they take in a batch, at most."""
    return sum(len(name.encode()) + len(value or b"") + _HEADER_BYTES for name, value in headers)
