"""Counting: records in, counts by minute out. What counts, and what is good, is said where alerts are judged."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from schemas.rejected import RejectReason
from streams.database.text import storable
from streams.evaluation.judgement import APP_GOOD, GOOD, PRODUCTION
from streams.evaluation.listings import Listings
from streams.health import counts
from streams.health.counts import Count
from streams.history.boundaries import Boundaries
from streams.history.codec import MINUTE_MS
from streams.history.copies import counts_here
from streams.history.latency import SLOT_MS, bucket_of, place_in
from streams.history.sources import APP, GROUP, HOST, TESTS
from streams.history.tally import Counted, Cut, SeriesKey, Tally
from streams.intake.admission import FUTURE_TOLERANCE_MS, KEYS_REMEMBERED
from streams.intake.checking import Rejection
from streams.intake.reading import EventReader
from streams.kafka.chunk import SourceRecord
from streams.names import IFRAME, SYNTHETIC, Metric

COUNTED_MS: Final = 35 * 86_400_000
"""An event that is older than this when it comes is not counted any more."""
_BUCKETS_REMEMBERED: Final = 10_000


class Counting:
    """Counts the records of one source partition of a metric.

    `watermark_ms` is the greatest min(event time, Kafka timestamp) of the accepted records that lie where they belong,
    `newest_ms` the greatest Kafka timestamp of an accepted one; None before the first. `tallies` is what was counted
    since they were last taken, in `minutes` minutes of series; `counts` what became of the records.
    """

    def __init__(
        self,
        metric: Metric,
        is_at_home: Callable[[bytes], bool],
        listings: Listings,
        application: str,
        watermark_ms: int | None = None,
        newest_ms: int | None = None,
        boundaries: Boundaries | None = None,
        lateness_ms: int = 0,
    ) -> None:
        """`boundaries` are those at which something is judged by what was counted before they came due.

        A minute is complete once the watermark is `lateness_ms` beyond its end; who comes after that is late.
        """
        self._lateness_ms = lateness_ms
        self._boundaries = boundaries or Boundaries((), 0, None)
        self._cuts: list[Cut] = []
        self.watermark_ms = watermark_ms
        self.newest_ms = newest_ms
        self.tallies: dict[SeriesKey, Tally] = {}
        self.minutes = 0
        self._metric = metric
        self._is_at_home = is_at_home
        self._listings = listings
        self._application = application
        self._copies = 0
        self._reader = EventReader(metric, self._originals)
        self._homes: dict[bytes, bool] = {}
        self._buckets: dict[float, int] = {}

    def count(self, records: Sequence[SourceRecord], clock_ms: int | None, told: dict[Count, int]) -> None:
        """Take records in, in their order; `told` is what became of them. The hot path.

        `clock_ms` is the wall clock that no record may push the watermark beyond; None where time is the events' alone.
        """
        tallies, judge, reader = self.tallies, self._metric.judge, self._reader
        metric_id, is_iframe = self._metric.id, self._metric is IFRAME
        is_synthetic = self._metric is SYNTHETIC
        listings = self._listings
        excluding = listings.excluding if self._metric.delivers_to_clients else frozenset()
        rejected = too_old = not_counted = bad = 0
        copies, completed = self._copies, self.completed
        for event, record in reader.events(records):
            if event is None:
                event = reader.checked(record)
                if isinstance(event, Rejection):
                    self._reject(event.reason, told)
                    rejected += 1
                    continue
            time_ms = event.time
            stamp_ms = record.timestamp
            if stamp_ms is None or stamp_ms < 0:
                stamp_ms = time_ms
                if self.newest_ms is not None and time_ms > self.newest_ms + FUTURE_TOLERANCE_MS:
                    self._reject(RejectReason.FUTURE_TIME, told)
                    rejected += 1
                    continue
            elif time_ms > stamp_ms + FUTURE_TOLERANCE_MS:
                self._reject(RejectReason.FUTURE_TIME, told)
                rejected += 1
                continue
            elif time_ms < stamp_ms - COUNTED_MS:
                too_old += 1
                continue
            elif self.newest_ms is None or stamp_ms > self.newest_ms or time_ms > (self.watermark_ms or 0):
                self._see(event.app_key, record, time_ms, clock_ms)
                tallies = self.tallies  # others, if a boundary came due
                completed = self.completed
            if is_synthetic:
                source = TESTS
            elif (group := event.group) is None or group == PRODUCTION:
                source = PRODUCTION
            else:
                source, event = GROUP + group, _InProduction(event)
            outcome = judge(event)
            if outcome < 0 or (
                event.app_key in excluding and listings.excludes(event.app_key, event.client_key, stamp_ms)
            ):
                not_counted += 1
                continue
            if is_iframe:
                by_app = outcome >= APP_GOOD
                outcome = outcome - APP_GOOD if by_app else outcome
                if source == PRODUCTION:
                    source = APP if by_app else HOST
                else:
                    source += ":APP" if by_app else ":HOST"
                duration_ms = _load_duration_ms(event, outcome, by_app=by_app)
            else:
                duration_ms = event.duration_in_millis
            key = (event.app_key, metric_id, event.scope, source)  # equal to a SeriesKey, and quicker to make
            tally = tallies.get(key)  # type: ignore[call-overload]
            if tally is None:
                tally = tallies.setdefault(SeriesKey(*map(storable, key)), Tally())
            minute = time_ms // MINUTE_MS
            if minute != tally.minute:
                tally.turn_to(minute)
                self.minutes += 1
            if minute < completed:
                tally.count_late(minute)
            if outcome == GOOD:
                tally.good += 1
            else:
                tally.bad += 1
                bad += 1
            if duration_ms is not None:
                place = place_in(time_ms // SLOT_MS, self._bucket_of(duration_ms))
                tally.latencies[place] = tally.latencies.get(place, 0) + 1
        copies = self._copies - copies
        told[counts.RECORDS] += len(records)
        told[counts.COPY] += copies
        told[counts.TOO_OLD] += too_old
        told[counts.NOT_COUNTED] += not_counted
        counted = len(records) - copies - rejected - too_old - not_counted
        told[counts.COUNTED] += counted
        told[counts.GOOD] += counted - bad
        told[counts.BAD] += bad

    def take(self) -> Counted:
        """What was counted since the last call."""
        cuts, self._cuts, self.minutes = self._cuts, [], 0
        tallies, self.tallies = self.tallies, {}
        return Counted(cuts, tallies)

    @property
    def completed(self) -> int:
        """The minute since 1970 that is not complete yet."""
        return self.completed_by(self.watermark_ms or 0)

    def completed_by(self, seen_ms: int) -> int:
        """The same, once so much was seen."""
        return (seen_ms - self._lateness_ms) // MINUTE_MS

    def reach(self, watermark_ms: int) -> None:
        """Let time go on; what was counted before the boundaries that come due is set apart for them."""
        self.watermark_ms = max(self.watermark_ms or 0, watermark_ms)
        if self.watermark_ms >= self._boundaries.due_ms:
            due = self._boundaries.reach(self.watermark_ms)
            if due is not None:
                self._cuts.append(Cut(self.tallies, *due))
                self.tallies = {}

    @property
    def cuts(self) -> int:
        """How often boundaries came due since the last `take`."""
        return len(self._cuts)

    def is_due(self, at_ms: int) -> bool:
        """Whether a boundary comes due by then."""
        return at_ms >= self._boundaries.due_ms

    def _originals(self, records: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
        """Those of the records that count, by their headers."""
        counted = [record for record in records if counts_here(record.headers, self._application)]
        self._copies += len(records) - len(counted)
        return counted

    def _see(self, app_key: str, record: SourceRecord, time_ms: int, clock_ms: int | None) -> None:
        """Let time go on by an accepted record, if it lies where it belongs."""
        key, stamp_ms = app_key.encode(), record.timestamp or 0
        if record.key != key or not self._at_home(key):
            return
        self.newest_ms = max(self.newest_ms or 0, stamp_ms)
        seen_ms = min(time_ms, stamp_ms) if clock_ms is None else min(time_ms, stamp_ms, clock_ms)
        self.reach(seen_ms)

    def _at_home(self, key: bytes) -> bool:
        is_at_home = self._homes.get(key)
        if is_at_home is None:
            if len(self._homes) >= KEYS_REMEMBERED:
                self._homes.clear()
            is_at_home = self._homes[key] = self._is_at_home(key)
        return is_at_home

    def _bucket_of(self, duration_ms: float) -> int:
        bucket = self._buckets.get(duration_ms)
        if bucket is None:
            if len(self._buckets) >= _BUCKETS_REMEMBERED:
                self._buckets.clear()
            bucket = self._buckets[duration_ms] = bucket_of(duration_ms)
        return bucket

    def _reject(self, reason: RejectReason, told: dict[Count, int]) -> None:
        """Seen, and not counted: the record is kept with its reason by the evaluator."""
        told[counts.rejected(reason)] += 1


def _load_duration_ms(event: Any, outcome: int, *, by_app: bool) -> float | None:
    """How long an iframe took: to the bridge as the host saw it, or as the app says of a success."""
    if by_app:
        return event.duration_in_millis if outcome == GOOD else None
    return event.bridge_in_millis  # type: ignore[no-any-return]


class _InProduction:
    """An event of another group, judged as if it were of production."""

    group = None

    def __init__(self, event: Any) -> None:
        self._event = event

    def __getattr__(self, name: str) -> Any:
        return getattr(self._event, name)
