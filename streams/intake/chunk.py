"""A chunk: what one fetch brought of one source partition, in the shape the rest of the house knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class SourceRecord(Protocol):
    """A record as it lies in the log. `timestamp` is epoch ms, negative or None where the record has none."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def timestamp(self) -> int | None: ...  # noqa: D102
    @property
    def key(self) -> bytes | None: ...  # noqa: D102
    @property
    def value(self) -> bytes | None: ...  # noqa: D102
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...  # noqa: D102


@dataclass(slots=True)
class Chunk:
    """All readable records of a partition in [start_offset, next_offset).

    Offsets without a record are transaction markers, aborted records, or were compacted away; a chunk may be empty.
    """

    start_offset: int
    next_offset: int
    records: list[SourceRecord]

    def since(self, offset: int) -> "Chunk":
        """The part of the chunk from an offset on."""
        if offset <= self.start_offset:
            return self
        return Chunk(offset, self.next_offset, [record for record in self.records if record.offset >= offset])


def merge(chunks: Sequence[Chunk]) -> Chunk:
    """One chunk of several that follow each other."""
    if len(chunks) == 1:
        return chunks[0]
    records = [record for chunk in chunks for record in chunk.records]
    return Chunk(chunks[0].start_offset, chunks[-1].next_offset, records)
