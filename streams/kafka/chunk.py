"""A chunk: what one fetch brought of one source partition, in the shape the rest of the house knows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Final, NamedTuple, Protocol

SLICE_RECORDS: Final = 400
"""Few enough that they are still in the CPU's cache when they are judged: whole fetches cost a fifth more."""
LOG_APPEND_TIME: Final = 1
"""`timestamp_type` of a record whose timestamp the broker set."""
SLICE_BYTES: Final = 1024 * 1024
"""Of records that are large: as many as are read in a few milliseconds."""

Header = tuple[str, bytes | None]


class SourceRecord(Protocol):
    """A record as it lies in the log.

    `timestamp` is epoch ms, negative or None where the record has none; `timestamp_type` tells whose clock set it.
    """

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int | None: ...  # noqa: D102
    @property
    def timestamp_type(self) -> int | None: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Sequence[Header]: ...  # noqa: D102


class Stamp(NamedTuple):
    """When a broker appended a batch: the offset that it begins at, and the broker's time, epoch ms."""

    offset: int
    append_ms: int


class Part:
    """Records that are unpacked together: `count` of them, in so many bytes. They can be gone through only once.

    `again` reads the same records in a slower way that takes header names that are no text.
    """

    def __init__(
        self,
        records: Iterable[SourceRecord],
        count: int = 1,
        size_bytes: int = 0,
        again: Callable[[], Iterable[SourceRecord]] | None = None,
    ) -> None:
        self._records: Iterator[SourceRecord] = chain(records)  # a batch gives its iterator only once
        self._again = again
        self._taken = 0
        self.places = 1 + size_bytes * SLICE_RECORDS // (max(1, count) * SLICE_BYTES)
        """How many places of a slice one of its records takes, on average."""

    def take(self, most: int) -> list[SourceRecord]:
        """The next records; fewer than asked for are the last."""
        try:
            some = list(islice(self._records, most))
        except UnicodeDecodeError:
            if self._again is None:
                raise
            self._records = islice(self._again(), self._taken, None)
            some = list(islice(self._records, most))
        self._taken += len(some)
        return some


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """Records that can be gone through again and again."""

    records: Sequence[SourceRecord]

    def __iter__(self) -> Iterator[Part]:
        yield Part(self.records, len(self.records))


@dataclass(slots=True)
class Chunk:
    """All readable records of a partition in [start_offset, next_offset).

    Offsets without a record are transaction markers, aborted records, or were compacted away; a chunk may be empty.
    `parts` may be packed in the bytes that were fetched: they are unpacked one at a time, as `slices` comes to them,
    and may begin before `start_offset`. None among them is a pause: to unpack one more record takes long.
    `stamp` is that of the newest batch; None on a topic whose records have the time of those who wrote them. `seen_s`:
    when it was there, monotonic clock.
    """

    start_offset: int
    next_offset: int
    parts: Iterable[Part | None]
    stamp: Stamp | None = None
    seen_s: float = 0.0

    @classmethod
    def of(cls, start_offset: int, next_offset: int, records: Sequence[SourceRecord]) -> "Chunk":
        """Chunk of records that are unpacked already."""
        return cls(start_offset, next_offset, _Unpacked(records))

    def since(self, offset: int) -> "Chunk":
        """The part of the chunk from an offset on."""
        return replace(self, start_offset=max(offset, self.start_offset))

    def slices(self) -> Iterator[list[SourceRecord]]:
        """The records, unpacked some at a time; an empty slice is a pause."""
        some: list[SourceRecord] = []
        room = SLICE_RECORDS
        for part in self.parts:
            if part is None:
                yield some
                some, room = [], SLICE_RECORDS
                continue
            while True:
                most = max(1, room // part.places)
                taken = part.take(most)
                some += taken if not taken or taken[0].offset >= self.start_offset else self._of_chunk(taken)
                if len(taken) < most:
                    room -= len(taken) * part.places
                    break
                if some:
                    yield some
                some, room = [], SLICE_RECORDS
        if some:
            yield some

    def _of_chunk(self, records: Iterable[SourceRecord]) -> list[SourceRecord]:
        return [record for record in records if record.offset >= self.start_offset]


def merge(chunks: Sequence[Chunk]) -> Chunk:
    """Join chunks that follow each other into one; nothing is unpacked."""
    parts = chain.from_iterable(chunk.parts for chunk in chunks)
    stamp = next((chunk.stamp for chunk in reversed(chunks) if chunk.stamp is not None), None)
    seen_s = max(chunk.seen_s for chunk in chunks)  # one without records was never seen
    return Chunk(chunks[0].start_offset, chunks[-1].next_offset, parts, stamp, seen_s)
