"""Admission: records in, counts in their panes; what cannot be used leaves by another door, with its reason.

All that is done for every event is done here, once, in one loop: the hot path. The rules are tested in the order of
`schemas.rejected.RejectReason`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.event_time import utc_text
from schemas.rejected import RejectReason
from streams.evaluation.evaluator import Evaluator
from streams.evaluation.judgement import APP_GOOD, GOOD, NOT_COUNTED
from streams.evaluation.listings import Listings
from streams.intake.checking import Rejection
from streams.intake.marks import MARKS, dated, is_foreign, is_rerouted
from streams.intake.reading import EventReader
from streams.kafka.chunk import SourceRecord
from streams.kafka.excerpt import size_of
from streams.names import Metric
from streams.turn import finish
from streams.windows.hopping import LONG_AGO
from streams.windows.tumbling import TumblingCounts

FUTURE_TOLERANCE_MS: Final = 60_000
MAX_SERIES_PER_APP: Final = 1_000
"""Unless set: far more than an app has base URLs or products; a scope made up for each event would fill the memory."""
KEYS_REMEMBERED: Final = 100_000
"""Apps known to be at home though they have no series; forgotten all at once, so that they do not add up."""


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A good record under the wrong key or in the wrong partition; its appKey says where it belongs."""

    record: SourceRecord
    app_key: str


@dataclass(slots=True)
class Admission:
    """Reads the records of one source partition, and counts them in the series of its evaluator.

    `is_at_home` says whether a key belongs into this partition; `listings` which clients' deliveries do not count;
    `max_series_per_app` is up to how many series an app may begin. `rejected` and `misplaced` collect what did not
    pass, `waiting_bytes` of it, until it is taken.
    `not_counted` is how many events so far moved nothing but time; `foreign_copies` how many records were copies that
    another application than `application` made, which move nothing at all; `ahead_ms` the latest event that was ahead
    of the timestamp of its record, or had none.
    """

    metric: Metric
    evaluator: Evaluator
    application: str
    is_at_home: Callable[[bytes], bool]
    listings: Listings = field(default_factory=Listings)
    max_series_per_app: int = MAX_SERIES_PER_APP
    rejected: list[Rejection] = field(default_factory=list)
    misplaced: list[Misplaced] = field(default_factory=list)
    waiting_bytes: int = 0
    not_counted: int = 0
    bad: int = 0
    foreign_copies: int = 0
    ahead_ms: int = 0
    _at_home: set[str] = field(default_factory=set)
    _reader: EventReader = field(init=False)

    def __post_init__(self) -> None:
        self._reader = EventReader(self.metric, self._of_this_application)

    def admit(self, records: Sequence[SourceRecord], clock_ms: int | None) -> None:
        """Count the records in their order, and judge each boundary that they make due.

        `clock_ms` is the wall clock that no record may push the watermark beyond; None where time is the events' alone.
        """
        finish(self.admitting(records, clock_ms))

    def admitting(self, records: Sequence[SourceRecord], clock_ms: int | None) -> Iterator[None]:
        """The same in steps, as `Evaluator.advancing`: several only where many series are judged. The hot path."""
        evaluator, reject, listings = self.evaluator, self._reject, self.listings
        excluding = listings.excluding if self.metric.delivers_to_clients else frozenset()
        store, pane_ms = evaluator.series, evaluator.pane_ms
        first, others, dirty = store.first, store.others, store.dirty
        judge = self.metric.judge if evaluator.has_objectives else _ignore
        watermark_ms, due_ms, floor_ms = evaluator.seen_ms, evaluator.due_ms, evaluator.floor_ms
        latest_ms = evaluator.latest_ms
        pane = pane_start_ms = pane_end_ms = not_counted = bad = 0
        for event, record in self._reader.events(records):
            # What does it say?
            if event is None:
                event = self._reader.checked(record)
                if isinstance(event, Rejection):
                    self._refuse(event)
                    continue
            time_ms = event.time
            app_key = event.app_key
            # Does it belong here? What has a series was found to.
            series = first.get(app_key)
            if series is None or series.scope != event.scope:
                series = others.get((app_key, event.scope))
            if record.key != app_key.encode() or (series is None and not self._is_at_home(app_key)):
                self._misplace(record, app_key)
                continue
            # What time is it, seen from there?
            stamp_ms = record.timestamp
            if stamp_ms is not None and stamp_ms >= time_ms:
                seen_ms = time_ms
            elif stamp_ms is None or stamp_ms < 0:
                if latest_ms != LONG_AGO and time_ms > latest_ms + FUTURE_TOLERANCE_MS:
                    reject(record, RejectReason.FUTURE_TIME, _ahead(time_ms, latest_ms, "the partition's latest"))
                    continue
                evaluator.accept_without_time()
                self.ahead_ms = max(self.ahead_ms, time_ms)
                seen_ms = stamp_ms = LONG_AGO
            elif time_ms > stamp_ms + FUTURE_TOLERANCE_MS:
                reject(record, RejectReason.FUTURE_TIME, _ahead(time_ms, stamp_ms, "the record's"))
                continue
            else:
                seen_ms = stamp_ms
                self.ahead_ms = max(self.ahead_ms, time_ms)
            if clock_ms is not None and seen_ms > clock_ms:
                seen_ms = clock_ms
            if not pane_start_ms <= time_ms < pane_end_ms:  # cheaper than a division for each
                if time_ms < floor_ms:
                    reject(record, RejectReason.TOO_LATE, f"windows still to be judged begin at {utc_text(floor_ms)}")
                    continue
                pane = time_ms // pane_ms
                pane_start_ms, pane_end_ms = max(pane * pane_ms, floor_ms), (pane + 1) * pane_ms
            if stamp_ms > latest_ms:
                latest_ms = stamp_ms
            if seen_ms > watermark_ms:
                watermark_ms = seen_ms
                if seen_ms >= due_ms:
                    yield from evaluator.advancing(seen_ms)
                    due_ms, floor_ms = evaluator.due_ms, evaluator.floor_ms
                    pane_end_ms = 0  # the floor may have risen into the pane
                    series = store.get((app_key, event.scope))  # it may have been let go
            # Is it good?
            outcome = judge(event)
            if outcome < 0 or (
                excluding
                and app_key in excluding
                and listings.excludes(app_key, event.client_key, time_ms if stamp_ms == LONG_AGO else stamp_ms)
            ):
                not_counted += 1
                continue
            if series is None:
                if store.count_of(app_key) >= self.max_series_per_app:
                    reject(record, RejectReason.TOO_MANY_SERIES, f"the app has {store.count_of(app_key):,} already")
                    continue
                series = store.new(app_key, event.scope)
            if outcome == GOOD and pane == series.pane:  # as most are
                series.good += 1
            else:
                panes: TumblingCounts = series
                if outcome >= APP_GOOD:
                    panes, outcome = series.its_own(), outcome - APP_GOOD
                if pane != panes.pane:
                    evaluator.turn_to(series, panes, pane, outcome)
                elif outcome == GOOD:
                    panes.good += 1
                else:
                    panes.bad += 1
                if outcome != GOOD:
                    bad += 1
                    if not series.is_watched:
                        store.watch(series)
            if not series.is_dirty:
                series.is_dirty = True
                dirty.append(series)
        evaluator.seen_ms, evaluator.latest_ms = watermark_ms, latest_ms
        self.not_counted += not_counted
        self.bad += bad

    def take_unfit(self) -> tuple[list[Rejection], list[Misplaced]]:
        """What did not pass since the last call."""
        rejected, self.rejected = self.rejected, []
        misplaced, self.misplaced = self.misplaced, []
        self.waiting_bytes = 0
        return rejected, misplaced

    def _of_this_application(self, records: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
        """Without the copies that others made; its own say when their originals were there."""
        if MARKS.isdisjoint({name for record in records for name, _ in record.headers}):  # copies are rare
            return records
        kept = [dated(record) for record in records if not is_foreign(record.headers, self.application)]
        self.foreign_copies += len(records) - len(kept)
        return kept

    def _is_at_home(self, app_key: str) -> bool:
        if app_key not in self._at_home:
            if not self.is_at_home(app_key.encode()):
                return False
            if len(self._at_home) >= KEYS_REMEMBERED:
                self._at_home.clear()
            self._at_home.add(app_key)
        return True

    def _misplace(self, record: SourceRecord, app_key: str) -> None:
        if is_rerouted(record.headers):
            self._reject(
                record, RejectReason.MISPLACED, "still under a wrong key or in a wrong partition after one reroute"
            )
        else:
            self.misplaced.append(Misplaced(record, app_key))
            self.waiting_bytes += len(record.value or b"") + size_of(record.headers)

    def _refuse(self, rejection: Rejection) -> None:
        self.rejected.append(rejection)
        self.waiting_bytes += rejection.record.memory_bytes

    def _reject(self, record: SourceRecord, reason: RejectReason, detail: str) -> None:
        self._refuse(Rejection.of(record, reason, detail))


def _ahead(time_ms: int, of_ms: int, whose: str) -> str:
    return f"{(time_ms - of_ms) / 1000:.3f} s after {whose} timestamp"


def _ignore(_event: Any) -> int:
    """Without an objective nothing counts."""
    return NOT_COUNTED
