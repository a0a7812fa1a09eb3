"""One source partition of events: counts what arrives, and hands it over as one piece of work."""

from collections.abc import Callable, Sequence
from typing import Final

from schemas.rejected import RejectReason
from streams.evaluation.listings import Listings
from streams.health import counts
from streams.health.condition import Held
from streams.history.boundaries import Boundaries
from streams.history.counting import Counting
from streams.history.tally import Counted
from streams.kafka.chunk import SourceRecord
from streams.names import Metric
from streams.ownership.seams import Steps
from streams.sink.processor import SinkProcessor
from streams.sink.work import Progress, SinkWork
from streams.windows.hopping import NEVER

COUNTS: Final = (
    counts.RECORDS,
    counts.COUNTED,
    counts.NOT_COUNTED,
    counts.GOOD,
    counts.BAD,
    counts.COPY,
    counts.TOO_OLD,
    counts.PASSED_OVER,
    *map(counts.rejected, RejectReason),
)
"""All that a history processor counts."""

# Of all partitions of a process: as many rows are put together and appended in about a second. Until then, and for as
# long as the database is away, they take some 50 MB.
MOST_MINUTES: Final = 100_000
LEAST_MINUTES: Final = 20_000
"""Of one partition, however many share the most: events of an app share rows."""
MOST_CUTS: Final = 500


class HistoryProcessor(SinkProcessor):
    """The counting of one source partition between two commits: a `seams.Processor`. No I/O.

    `is_at_home` says whether a key belongs into this partition, `listings` which clients' deliveries do not count; of
    redriven records those count that `application` sent. A minute is completed once the
    watermark is `lateness_ms` beyond its end. `partitions` is how many the process has right now.
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
        boundaries: Boundaries | None = None,
        partitions: Callable[[], int] = lambda: 1,
    ) -> None:
        super().__init__(topic, partition, progress)
        self.counts_by_reference = metric.delivers_to_clients  # the catalogue excludes clients
        self._counting = Counting(
            metric,
            is_at_home,
            listings,
            application,
            progress.watermark_ms,
            progress.newest_ms,
            boundaries,
            lateness_ms,
        )
        self._committed = self._state
        self._partitions = partitions

    @property
    def _state(self) -> tuple[int, int]:
        """What moves whenever there is something to commit."""
        return self.next_offset, self._counting.completed

    def may_judge(self, clock_ms: int | None) -> bool:
        """Whether a boundary may come due, or another minute be completed without any record."""
        if self._counting.is_due(NEVER - 1 if clock_ms is None else clock_ms):
            return True
        if clock_ms is None or not self.next_offset:
            return False
        return self._counting.completed_by(clock_ms) > self._counting.completed

    def take_in(self, records: Sequence[SourceRecord], clock_ms: int | None) -> None:
        """Count them."""
        self._counting.count(records, clock_ms, self.counts)

    def tick(self, clock_ms: int) -> Steps:
        """Nothing more was in the log at this time: its minutes are completed as they pass."""
        if self.next_offset:  # its records may have no time of their own
            self._counting.reach(clock_ms)
        yield True

    @property
    def is_full(self) -> bool:
        """Whether so much was counted that it has to be stored before more comes."""
        most = max(LEAST_MINUTES, MOST_MINUTES // max(1, self._partitions()))
        return self._counting.minutes >= most or self._counting.cuts >= MOST_CUTS

    def take_work(self) -> SinkWork[Counted] | None:
        """All that was counted since the last call; None when nothing moved."""
        if self._state == self._committed:
            return None
        self._committed = self._state
        counting = self._counting
        progress = Progress(self.next_offset, counting.watermark_ms, counting.newest_ms, self.last)
        return SinkWork(progress, counting.take())

    def look(self) -> Held:
        """What it holds right now."""
        return Held(self._counting.watermark_ms, len(self._counting.tallies), 0, self._counting.minutes)
