"""One source partition of events: counts what arrives, and hands it over as one piece of work."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from schemas.rejected import RejectReason
from streams.evaluation.listings import Listings
from streams.health import counts
from streams.health.condition import Held
from streams.health.counts import Count
from streams.history.codec import MINUTE_MS
from streams.history.counting import Counting
from streams.history.tally import SeriesKey, Tally
from streams.kafka.chunk import Chunk
from streams.names import Metric
from streams.ownership.seams import Steps, unread

COUNTS: Final = (
    counts.RECORDS,
    counts.COUNTED,
    counts.NOT_COUNTED,
    counts.COPY,
    counts.TOO_OLD,
    *map(counts.rejected, RejectReason),
)
"""All that a history processor counts."""

# As many rows, two of them for each, are read, packed and written in a few seconds: with more, the next events wait.
MOST_MINUTES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a partition is counted: `next_offset` is where reading goes on; the times as `Counting` has them."""

    next_offset: int
    watermark_ms: int | None = None
    newest_ms: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryWork:
    """What one commit adds: stored whole, together with how far it goes."""

    progress: Progress
    tallies: dict[SeriesKey, Tally]
    due_ms: tuple[int, ...] = ()


class HistoryProcessor:
    """The counting of one source partition between two commits: a `seams.Processor`. No I/O.

    `is_at_home` says whether a key belongs into this partition, `listings` which clients' deliveries do not count; of
    redriven records those count that `application` sent. A minute is completed once the
    watermark is `lateness_ms` beyond its end.
    """

    def __init__(
        self,
        metric: Metric,
        topic: str,
        partition: int,
        is_at_home: Callable[[bytes], bool],
        listings: Listings,
        application: str,
        lateness_ms: int,
        progress: Progress,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.next_offset = progress.next_offset
        self.counts: Counter[Count] = Counter()
        self.counts_by_reference = metric.delivers_to_clients  # the catalogue excludes clients
        self._lateness_ms = lateness_ms
        self._counting = Counting(
            metric,
            is_at_home,
            listings,
            application,
            progress.watermark_ms,
            progress.newest_ms,
        )
        self._committed = self._state

    @property
    def _state(self) -> tuple[int, int]:
        """What moves whenever there is something to commit."""
        return self.next_offset, self._minute(self._counting.watermark_ms or 0)

    def may_judge(self, clock_ms: int | None) -> bool:
        """Nothing is judged; but by then another minute may be completed, without any record."""
        watermark_ms = self._counting.watermark_ms
        return clock_ms is not None and watermark_ms is not None and self._minute(clock_ms) > self._minute(watermark_ms)

    def _minute(self, seen_ms: int) -> int:
        """The minute that is not completed yet, once so much was seen."""
        return (seen_ms - self._lateness_ms) // MINUTE_MS

    def apply(self, chunk: Chunk, clock_ms: int | None) -> Steps:
        """Count what a chunk brings; records before `next_offset` were counted earlier and are passed over.

        Raises:
            GapError: the chunk starts beyond `next_offset`.
        """
        rest = unread(chunk, self)
        if rest is None:
            return
        for records in rest.slices():
            self._counting.count(records, clock_ms, self.counts)
            if records:
                self.next_offset = records[-1].offset + 1
            yield True
        self.next_offset = rest.next_offset

    def tick(self, clock_ms: int) -> Steps:
        """Nothing more was in the log at this time: its minutes are completed as they pass."""
        if self._counting.watermark_ms is not None:
            self._counting.watermark_ms = max(self._counting.watermark_ms, clock_ms)
        yield True

    def reached_end(self) -> None:
        """The end of a log ends nothing in history."""

    @property
    def is_urgent(self) -> bool:
        """Nobody is paged by history."""
        return False

    @property
    def is_full(self) -> bool:
        """Whether so much was counted that it has to be stored before more comes."""
        return self._counting.minutes >= MOST_MINUTES

    def gather(self) -> Steps:
        """Nothing takes long here."""
        return iter(())

    def take_work(self) -> HistoryWork | None:
        """All that was counted since the last call; None when nothing moved."""
        if self._state == self._committed:
            return None
        self._committed = self._state
        counting = self._counting
        return HistoryWork(Progress(self.next_offset, counting.watermark_ms, counting.newest_ms), counting.take())

    def look(self) -> Held:
        """What it holds right now."""
        return Held(self._counting.watermark_ms, len(self._counting.tallies), 0, self._counting.minutes)
