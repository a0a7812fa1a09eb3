"""What is kept of a record that cannot be used: all of an ordinary one, and of a huge one enough to know it again.

It is cut as soon as it is refused: until the next commit a thousand of them may wait in memory.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.rejected import ORIGINAL
from streams.kafka.chunk import Header, SourceRecord

KEPT_BYTES: Final = 64 * 1024
"""Of a key, and of a value."""
KEPT_OF_HEADERS_BYTES: Final = 16 * 1024
_HEADER_BYTES: Final = 10  # the lengths of name and value take up to 5 bytes each
_LEAST_BYTES: Final = _HEADER_BYTES + len(ORIGINAL)
_EXCERPT_BYTES: Final = 1_000  # of the objects themselves


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A record, or its beginning. `truncated`, `key_truncated`: original lengths in bytes, None where all is kept.

    `sha256` is the digest of a value that was cut; `headers_left_out` how many headers had no room.
    """

    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...] = ()
    truncated: int | None = None
    sha256: str | None = None
    key_truncated: int | None = None
    headers_left_out: int = 0
    timestamp_type: int | None = None

    @property
    def memory_bytes(self) -> int:
        """About how much memory it takes."""
        return len(self.key or b"") + len(self.value or b"") + size_of(self.headers) + _EXCERPT_BYTES


def value_bytes(record: SourceRecord) -> int:
    """How large its value is, though only its beginning may be here."""
    if isinstance(record, Excerpt) and record.truncated is not None:
        return record.truncated
    return len(record.value or b"")


def excerpt(record: SourceRecord) -> Excerpt:
    """What is kept of a record."""
    if isinstance(record, Excerpt):
        return record
    key, value, headers = record.key, record.value, kept(record.headers)
    truncated = sha256 = key_truncated = None
    if value is not None and len(value) > KEPT_BYTES:
        truncated, sha256, value = len(value), hashlib.sha256(value).hexdigest(), value[:KEPT_BYTES]
    if key is not None and len(key) > KEPT_BYTES:
        key_truncated, key = len(key), key[:KEPT_BYTES]
    left_out = len(record.headers) - len(headers)
    return Excerpt(
        record.offset,
        record.timestamp,
        key,
        value,
        headers,
        truncated,
        sha256,
        key_truncated,
        left_out,
        record.timestamp_type,
    )


def kept(headers: Iterable[Header]) -> tuple[Header, ...]:
    """As many of a record's headers as there is room for."""
    found = []
    room = KEPT_OF_HEADERS_BYTES
    for name, value in headers:
        if room < _LEAST_BYTES:
            break
        if len(name) > room:  # told without encoding it
            continue
        size = size_of([(ORIGINAL + name, value)])
        if size <= room:
            room -= size
            found.append((name, value))
    return tuple(found)


def size_of(headers: Iterable[Header]) -> int:
    """Bytes that headers take in a batch, at most."""
    return sum(len(name.encode()) + len(value or b"") + _HEADER_BYTES for name, value in headers)
