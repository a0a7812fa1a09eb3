"""What all processors have in common whose work is stored in the database: they take in, and judge nothing."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any

from streams.health.condition import Held
from streams.health.counts import Count
from streams.kafka.chunk import Chunk, SourceRecord
from streams.ownership.seams import Steps, unread
from streams.sink.last_record import LastRecord
from streams.sink.work import Progress, SinkWork


class SinkProcessor(ABC):
    """A `seams.Processor` of one source partition between two commits. No I/O."""

    counts_by_reference = False
    is_urgent = False
    has_news = False
    next_due_ms = 0

    def __init__(self, topic: str, partition: int, progress: Progress) -> None:
        self.topic = topic
        self.partition = partition
        self.next_offset = progress.next_offset
        self.last = progress.last
        self.counts: Counter[Count] = Counter()

    def apply(self, chunk: Chunk, clock_ms: int | None) -> Steps:
        """Take in what a chunk brings; records before `next_offset` were taken in earlier and are passed over.

        Raises:
            GapError: the chunk starts beyond `next_offset`.
        """
        rest = unread(chunk, self)
        if rest is None:
            return
        for records in rest.slices():
            self.take_in(records, clock_ms)
            if records:
                self.next_offset = records[-1].offset + 1
                self.last = LastRecord.of(records[-1])
            yield True
        self.next_offset = rest.next_offset

    @abstractmethod
    def take_in(self, records: Sequence[SourceRecord], clock_ms: int | None) -> None:
        """The next records, in their order."""

    def may_judge(self, clock_ms: int | None) -> bool:
        """Nothing is judged."""
        return False

    def tick(self, clock_ms: int) -> Steps:
        """Nothing more was in the log at this time, which changes nothing."""
        yield True

    def reached_end(self) -> None:  # noqa: B027 - the end of a log ends nothing here
        """The log was read to its end."""

    @property
    @abstractmethod
    def is_full(self) -> bool:
        """Whether so much was taken in that it has to be stored before more comes."""

    def gather(self) -> Steps:
        """Nothing takes long here."""
        return iter(())

    @abstractmethod
    def take_work(self) -> SinkWork[Any] | None:
        """All that was taken in since the last call; None when nothing moved."""

    @abstractmethod
    def look(self) -> Held:
        """What it holds right now."""
