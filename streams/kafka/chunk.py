"""A chunk: what one fetch brought of one source partition, in the shape the rest of the house knows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, NamedTuple, Protocol

SLICE_RECORDS: Final = 400
"""Few enough that they are still in the CPU's cache when they are judged: whole fetches cost a fifth more."""
LOG_APPEND_TIME: Final = 1
"""`timestamp_type` of a record whose timestamp the broker set."""


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


@dataclass(slots=True)
class Chunk:
    """All readable records of a partition in [start_offset, next_offset).

    Offsets without a record are transaction markers, aborted records, or were compacted away; a chunk may be empty.
    `records` may be packed in the bytes that were fetched, and then can be gone through only once; `again` reads the
    same records in a slower way that takes header names that are no text. `stamp` is that of the newest batch; None
    on a topic whose records have the time of those who wrote them. `seen_s`: when it was there, monotonic clock.
    """

    start_offset: int
    next_offset: int
    records: Iterable[SourceRecord]
    again: Callable[[], Iterable[SourceRecord]] | None = None
    stamp: Stamp | None = None
    seen_s: float = 0.0

    def since(self, offset: int) -> "Chunk":
        """The part of the chunk from an offset on."""
        if offset <= self.start_offset:
            return self
        records = [record for some in self.slices() for record in some if record.offset >= offset]
        return Chunk(offset, self.next_offset, records, stamp=self.stamp, seen_s=self.seen_s)

    def slices(self) -> Iterator[list[SourceRecord]]:
        """The records, unpacked some at a time."""
        records: Iterator[SourceRecord] = chain(self.records)  # a packed batch gives its iterator only once
        read = 0
        while True:
            try:
                some = list(islice(records, SLICE_RECORDS))
            except UnicodeDecodeError:
                if self.again is None:
                    raise
                records = islice(self.again(), read, None)
                some = list(islice(records, SLICE_RECORDS))
            if some:
                yield some
            if len(some) < SLICE_RECORDS:
                return
            read += len(some)


def merge(chunks: Sequence[Chunk]) -> Chunk:
    """One chunk of several that follow each other; nothing is unpacked."""

    def again() -> Iterable[SourceRecord]:
        return chain.from_iterable(chunk.records if chunk.again is None else chunk.again() for chunk in chunks)

    records = chain.from_iterable(chunk.records for chunk in chunks)
    stamp = next((chunk.stamp for chunk in reversed(chunks) if chunk.stamp is not None), None)
    return Chunk(chunks[0].start_offset, chunks[-1].next_offset, records, again, stamp, chunks[-1].seen_s)
