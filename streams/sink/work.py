"""What a commit into the database consists of."""

from dataclasses import dataclass
from typing import Generic, TypeVar

FactsT = TypeVar("FactsT")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a partition is stored: `next_offset` is where reading goes on.

    Of events also `watermark_ms`, up to when they were seen, and `newest_ms`, the greatest Kafka timestamp of an
    accepted one; None before the first.
    """

    next_offset: int
    watermark_ms: int | None = None
    newest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SinkWork(Generic[FactsT]):
    """What one commit adds: stored whole, together with how far it goes."""

    progress: Progress
    facts: FactsT
    due_ms: tuple[int, ...] = ()
