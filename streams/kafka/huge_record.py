"""A record too large to be held in memory, read through to its end: what is left of it is an excerpt."""

import hashlib
from collections.abc import Generator, Iterator
from typing import Any, Final

from aiokafka.errors import CorruptRecordException
from aiokafka.record.util import decode_varint_py as decode_varint  # the one that looks where the bytes end

from streams.kafka.chunk import Header
from streams.kafka.excerpt import KEPT_BYTES, KEPT_OF_HEADERS_BYTES, Excerpt, kept

_VARINT_BYTES: Final = 10  # at most
_READ_HEADERS: Final = KEPT_OF_HEADERS_BYTES // 16  # more than there is room for, whatever they are


class Feed:
    """Bytes that come in pieces: `buffer` from `at` on are those that came and were not taken yet."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.buffer = b""
        self.at = 0
        self._before = 0

    @property
    def taken(self) -> int:
        """How many bytes were taken so far."""
        return self._before + self.at

    @property
    def _ready(self) -> int:
        return len(self.buffer) - self.at

    def fill(self, size: int) -> bool:
        """Have so many bytes at hand; whether there are as many left."""
        while self._ready < size:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._before += self.at
            self.buffer, self.at = self.buffer[self.at :] + piece, 0
        return True

    def take(self, size: int) -> bytes:
        """The next bytes, exactly so many."""
        if not self.fill(size):
            raise CorruptRecordException("a record is cut short")
        self.at += size
        return self.buffer[self.at - size : self.at]

    def varint(self) -> int:
        """The next number."""
        self.fill(_VARINT_BYTES)
        try:
            number, self.at = decode_varint(self.buffer, self.at)
        except IndexError:
            raise CorruptRecordException("a record is cut short") from None
        return int(number)

    def skip(self, size: int, digest: Any = None) -> Iterator[None]:
        """Pass over so many bytes, with a pause for each piece of them."""
        while size:
            self.fill(1)
            some = self.take(min(size, max(1, self._ready)))
            if digest is not None:
                digest.update(some)
            size -= len(some)
            yield


def read_huge(feed: Feed, batch: Any) -> Generator[None, None, Excerpt]:
    """The next record of a batch, with pauses."""
    end = feed.varint() + feed.taken
    feed.take(1)  # attributes, without a meaning yet
    since_first_ms = feed.varint()
    timestamp = batch.max_timestamp if batch.timestamp_type else batch.first_timestamp + since_first_ms
    offset = batch.base_offset + feed.varint()
    key, key_bytes, _ = yield from _beginning(feed)
    value, value_bytes, sha256 = yield from _beginning(feed)
    count = feed.varint()
    headers: list[Header] = []
    for _ in range(min(count, _READ_HEADERS)):  # of a large one its beginning is too large, too
        name, _, _ = yield from _beginning(feed)
        its_value, _, _ = yield from _beginning(feed)
        headers.append(((name or b"").decode(errors="replace"), its_value))
    yield from feed.skip(end - feed.taken)
    room_for = kept(headers)
    return Excerpt(
        offset,
        timestamp,
        key,
        value,
        room_for,
        truncated=value_bytes if value_bytes > KEPT_BYTES else None,
        sha256=sha256 if value_bytes > KEPT_BYTES else None,
        key_truncated=key_bytes if key_bytes > KEPT_BYTES else None,
        headers_left_out=count - len(room_for),
        timestamp_type=batch.timestamp_type,
    )


def _beginning(feed: Feed) -> Generator[None, None, tuple[bytes | None, int, str]]:
    """What is kept of some bytes, how many they were, and their digest."""
    length = feed.varint()
    if length < 0:
        return None, 0, ""
    beginning = feed.take(min(length, KEPT_BYTES))
    digest = hashlib.sha256(beginning)
    yield from feed.skip(length - len(beginning), digest)
    return beginning, length, digest.hexdigest()
