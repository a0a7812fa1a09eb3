"""The two seams of a service that owns partitions: what is done with their records, and where that is kept.

Ownership knows neither: it takes over, feeds, commits and lets go. The evaluator's `Unit` is a processor whose store is
Kafka itself; another service brings a processor of its own and the store that fits it.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from faust.types import TP

from streams.health.condition import Held
from streams.health.counts import Count
from streams.kafka.chunk import Chunk
from streams.names import name_of
from streams.ownership.source import SourceOffsets


class Work(Protocol):
    """What one commit consists of: stored whole or not at all."""

    @property
    def due_ms(self) -> Sequence[int]:
        """From when on each of its announcements could be known, epoch ms: tells how late they are."""


Steps = Iterator[bool]
"""A piece of work, done as it is gone through: others may have their turn after each step, of some milliseconds.

True: it is whole, what is stored now can be gone on from. False: nothing may be taken out, looked for, or taken in.
"""


class Processor(Protocol):
    """What is done with the records of one source partition, between two commits. No I/O.

    `next_offset` is where reading goes on; `counts` what was done since it was made.
    `counts_by_reference`: whether what the reference topics said by then decides if a record counts.
    """

    topic: str
    partition: int
    next_offset: int
    counts: Counter[Count]
    counts_by_reference: bool

    def may_judge(self, clock_ms: int | None) -> bool:
        """Whether what arrives by then may need the reference topics to be known; None: by whatever time it tells."""

    def apply(self, chunk: Chunk, clock_ms: int | None) -> Steps:
        """Take in a chunk; records before `next_offset` were taken in earlier.

        Raises:
            GapError: the chunk starts beyond `next_offset`.
        """

    def tick(self, clock_ms: int) -> Steps:
        """Nothing more was in the log at this time."""

    def reached_end(self) -> None:
        """It was read to its end, and ticked: at least once, and again and again while that is so."""

    @property
    def is_urgent(self) -> bool:
        """Whether some of its work must not wait."""

    @property
    def has_news(self) -> bool:
        """Whether others go by what its work tells, who can wait a little."""

    @property
    def next_due_ms(self) -> int:
        """When something urgent may come next if nothing arrives, epoch ms; 0: not known."""

    @property
    def is_full(self) -> bool:
        """Whether its work has to be stored before more comes."""

    def gather(self) -> Steps:
        """Get ready what `take_work` hands over; without it that may take long."""

    def take_work(self) -> Any | None:
        """All that was done since the last call, for its store; None when nothing was."""

    def look(self) -> Held:
        """What it holds right now."""


@dataclass(frozen=True, slots=True)
class Position:
    """How things stand with a partition, once every other owner is fenced off.

    `mark` is what the last commit left: equal marks mean that nobody has committed in between.
    """

    source: SourceOffsets
    mark: object


class Store(Protocol):
    """Where the state of one source partition is kept, and its commits go.

    `progressed_s`: when part of a commit was last acknowledged, monotonic clock; 0 before the first.
    """

    @property
    def progressed_s(self) -> float: ...  # noqa: D102

    async def open(self) -> None:
        """Fence every earlier owner: from the return on, nobody else can write for this partition."""

    async def position(self) -> Position:
        """Where source and store stand; after `open`."""

    async def load(self) -> Any:
        """The stored state, for the factory of the processor; after `position`.

        Raises:
            RefusalError: it must not be gone on with.
        """

    async def write(self, work: Any) -> object:
        """Store all of the work, or raise: then nobody can tell, and the process must end. Returns the new mark.

        Raises:
            FencedError: another owner has taken over.
        """

    async def close(self) -> None:
        """Let go of connections."""


class Standby(Protocol):
    """Keeps the state of partitions that other workers own at hand, so that they are taken over the sooner."""

    def follow(self, theirs: Collection[TP], ours: Collection[TP]) -> None:
        """Follow partitions that others own; what is held of `ours` is kept until it is taken."""

    async def run(self) -> None:
        """Follow until cancelled."""


ProcessorT = TypeVar("ProcessorT", bound=Processor)


class FencedError(Exception):
    """Another owner has taken the partition over: nothing of this one was stored."""


class GapError(Exception):
    """Records between the last applied one and this chunk are missing."""


def unread(chunk: Chunk, processor: Processor) -> Chunk | None:
    """The part of a chunk that a processor has not taken in yet; None where there is none.

    Raises:
        GapError: the chunk starts beyond its `next_offset`.
    """
    next_offset = processor.next_offset
    if chunk.start_offset > next_offset:
        name = name_of(processor.topic, processor.partition)
        raise GapError(f"{name} goes on at {next_offset}, not {chunk.start_offset}")
    rest = chunk.since(next_offset)
    return rest if rest.next_offset > next_offset else None
