"""What a commit into the database consists of."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from streams.sink.last_record import LastRecord

FactsT = TypeVar("FactsT")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a partition is stored: `next_offset` is where reading goes on, `last` the record that was read last.

    Of events also `watermark_ms`, up to when they were seen, and `newest_ms`, the greatest Kafka timestamp of an
    accepted one; None before the first.
    """

    next_offset: int
    watermark_ms: int | None = None
    newest_ms: int | None = None
    last: LastRecord | None = None


@dataclass(frozen=True, slots=True)
class SinkWork(Generic[FactsT]):
    """What one commit adds: stored whole, together with how far it goes."""

    progress: Progress
    facts: FactsT
    due_ms: tuple[int, ...] = ()
