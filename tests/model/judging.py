"""The model: feed a log record by record, and recount every window from its raw events at every boundary.

met ──(below for `alert_after_ms`, at each judged boundary)─────▶ breached    BREACH
breached ──(breaches only with what is excluded by now)────────▶ met         RECOVERY, EXCLUDED
breached ──(no event in the window, and silence is `recover`)──▶ met         RECOVERY, NO_DATA
breached ──(no event in the window, and what holds it has ended)▶ met        RECOVERY, RETIRED, EXCLUDED, NO_DATA
breached ──(not below for `recover_after_ms`, likewise)────────▶ met         RECOVERY, RESTORED
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from fractions import Fraction
from heapq import merge
from itertools import groupby

from streams.evaluation.objective import Objective, Silence
from streams.names import AVAILABILITY, IFRAME, Metric, Topics
from tests.model.alert import Alert, Counts, Series, alert
from tests.model.catalogue import Catalogue
from tests.model.copies import APPLICATION, is_foreign, is_rerouted, timestamp_ms
from tests.model.exclusions import Exclusion, Exclusions, read_version
from tests.model.placement import Partitioner, is_misplaced, murmur2_partition
from tests.model.reading import Event, Rejection, read
from tests.model.record import Record

FUTURE_TOLERANCE_MS = 60_000
MAX_SERIES_PER_APP = 1_000

TopicPartition = tuple[str, int]


class _Says(Enum):
    """What the events of a window say of an objective."""

    NOTHING = auto()
    TOO_LITTLE = auto()
    BELOW = auto()
    GOES_ON = auto()  # below over the lookback, without an event lately, and silence holds what is breached
    MET = auto()


_FOR_A_BREACH = (_Says.BELOW, _Says.GOES_ON)


@dataclass(frozen=True, slots=True)
class Judged:
    """What must come of a log.

    `alerts` in order of publication per input topic-partition; `rejected` as (topic, partition, index of the record
    in that topic-partition counted from 0, reason).
    """

    alerts: dict[TopicPartition, list[Alert]]
    rejected: list[tuple[str, int, int, str]]

    @property
    def all_alerts(self) -> list[Alert]:
        """The alerts of every topic-partition, one after the other."""
        return [alert for alerts in self.alerts.values() for alert in alerts]


def judge(
    log: Iterable[Record],
    objectives: Sequence[Objective],
    *,
    lateness_ms: int,
    partitions: int,
    until_ms: int | None = None,
    partitioner: Partitioner = murmur2_partition,
    topics: Topics = Topics(),  # noqa: B008 - frozen
    max_series_per_app: int = MAX_SERIES_PER_APP,
    application: str = APPLICATION,
) -> Judged:
    """Alerts and rejections of a log under the event clock, as an application judges it.

    A version of an exclusion or an app is known from its Kafka timestamp on, wherever it lies in the log; names
    count from their place in it. What cannot be used of either is rejected and changes nothing.

    The log is as read from the topics, rerouted copies among the rest; for a log that never passed through the
    product, `put_right` adds them. At its end every boundary up to and with `until_ms` is judged in each partition
    that has a watermark; with None nothing beyond what the watermark reached.
    """
    judges: dict[TopicPartition, _Partition] = {}
    seen: defaultdict[TopicPartition, int] = defaultdict(int)
    rejected: list[tuple[str, int, int, str]] = []
    log = list(log)
    excluded = Exclusions(record for record in log if record.topic == topics.exclusions)
    listed = Catalogue(record for record in log if record.topic == topics.apps)
    for record in log:
        where = (record.topic, record.partition)
        index = seen[where]
        seen[where] += 1
        found: object
        if record.topic == topics.exclusions:
            found = read_version(record)
        elif record.topic == topics.apps:
            found = listed.read(record)
        else:
            metric = topics.inputs[record.topic]
            if where not in judges:
                of_metric = [objective for objective in objectives if objective.metric == metric.id]
                judges[where] = _Partition(metric, of_metric, lateness_ms, excluded, listed, max_series_per_app)
            if is_foreign(record, application):
                continue
            found = read(record, metric)
            if isinstance(found, Event):
                if not is_misplaced(record, found.app_key, partitions, partitioner):
                    found = judges[where].take(found, timestamp_ms(record))
                elif is_rerouted(record):  # else its well-placed copy is a record of its own
                    found = Rejection.MISPLACED
        if isinstance(found, Rejection):
            rejected.append((*where, index, found.value))
    if until_ms is not None:
        for judge_of_partition in judges.values():
            judge_of_partition.judge_through(until_ms)
    return Judged({where: partition.alerts for where, partition in judges.items()}, rejected)


@dataclass(slots=True)
class _State:
    """Where one objective stands for one series."""

    breached_at_ms: int | None = None
    in_a_row: int = 0  # judged boundaries that spoke for the other state
    silent_ms: int | None = None  # the first boundary of a silence that a breach is held through


@dataclass
class _Partition:
    """One topic-partition: all its events, its watermark, and how far it has been judged."""

    metric: Metric
    objectives: list[Objective]
    lateness_ms: int
    exclusions: Exclusions
    catalogue: Catalogue
    max_series_per_app: int
    watermark_ms: int | None = None
    judged_through_ms: int = 0
    last_event_ms: int = 0
    latest_timestamp_ms: int | None = None
    events: defaultdict[Series, list[Event]] = field(default_factory=lambda: defaultdict(list))
    states: defaultdict[tuple[Series, str], _State] = field(default_factory=lambda: defaultdict(_State))
    alerts: list[Alert] = field(default_factory=list)

    def take(self, event: Event, timestamp_ms: int | None) -> Rejection | None:
        """Count a well-placed event and judge what it makes due; or say why it cannot be used."""
        told_by_ms = self.latest_timestamp_ms if timestamp_ms is None else timestamp_ms
        if told_by_ms is not None and event.time_ms > told_by_ms + FUTURE_TOLERANCE_MS:
            return Rejection.FUTURE_TIME
        if self._is_too_late(event):
            return Rejection.TOO_LATE
        if timestamp_ms is not None:  # else it does not tell what time it is
            self._follow(event, timestamp_ms)
        told_ms = event.time_ms if timestamp_ms is None else timestamp_ms
        if event.counted and not self.catalogue.excludes(event, told_ms):
            series = Series(event.app_key, event.scope)
            if not self._is_kept(series) and self._kept_of(event.app_key) >= self.max_series_per_app:
                return Rejection.TOO_MANY_SERIES
            self.events[series].append(event)
            self.last_event_ms = max(self.last_event_ms, event.time_ms)
        return None

    def _follow(self, event: Event, timestamp_ms: int) -> None:
        """Move the watermark, and judge what that makes due."""
        self.latest_timestamp_ms = max(timestamp_ms, self.latest_timestamp_ms or timestamp_ms)
        moment_ms = min(event.time_ms, timestamp_ms)
        if self.watermark_ms is None:
            self.watermark_ms = moment_ms
            self.judged_through_ms = moment_ms - self.lateness_ms  # history before the first record is nobody's
        self.watermark_ms = max(self.watermark_ms, moment_ms)
        self.judge_through(self.watermark_ms - self.lateness_ms)

    def _kept_of(self, app_key: str) -> int:
        return sum(self._is_kept(series) for series in self.events if series.app_key == app_key)

    def _is_kept(self, series: Series) -> bool:
        """Whether anything of a series is left: an event in its longest window, or a state that is not as at first."""
        last_boundary_ms = max((self.judged_through_ms // o.hop_ms * o.hop_ms for o in self.objectives), default=0)
        since_ms = last_boundary_ms - max((o.window_ms for o in self.objectives), default=0)
        return any(event.time_ms >= since_ms for event in self.events.get(series, ())) or any(
            self.states[series, o.name] != _State() for o in self.objectives
        )

    def _is_too_late(self, event: Event) -> bool:
        """Whether even the longest window of the metric, at the next boundary of any hop, starts after the event."""
        if self.watermark_ms is None or not self.objectives:
            return False
        next_boundary_ms = min((self.judged_through_ms // o.hop_ms + 1) * o.hop_ms for o in self.objectives)
        return event.time_ms < next_boundary_ms - max(o.window_ms for o in self.objectives)

    def judge_through(self, limit_ms: int) -> None:
        """Judge every boundary not yet judged, up to and with the limit, in order."""
        if self.watermark_ms is None:
            return
        silent_from_ms = self.last_event_ms + max((o.window_ms + o.hop_ms for o in self.objectives), default=0)
        for boundary_ms in self._boundaries(limit_ms):
            if boundary_ms > silent_from_ms and not self._is_any_breached():
                break  # a boundary of each objective has said all that silence can say; the rest of it is skipped
            excluded = self.exclusions.known_at(boundary_ms + self.lateness_ms)
            due = [o for o in self.objectives if boundary_ms % o.hop_ms == 0]
            for series, objective in sorted(((s, o) for s in self.events for o in due), key=_in_byte_order):
                self._judge_one(series, objective, boundary_ms, excluded)
        self.judged_through_ms = max(self.judged_through_ms, limit_ms)

    def _is_any_breached(self) -> bool:
        return any(state.breached_at_ms is not None for state in self.states.values())

    def _boundaries(self, limit_ms: int) -> Iterable[int]:
        """Multiples of the hops in (judged through, limit], in order."""
        after_ms = self.judged_through_ms
        hops_ms = {o.hop_ms for o in self.objectives}
        of_hops = (range((after_ms // hop + 1) * hop, limit_ms + 1, hop) for hop in hops_ms)
        return (boundary_ms for boundary_ms, _ in groupby(merge(*of_hops)))

    def _judge_one(self, series: Series, objective: Objective, boundary_ms: int, excluded: Sequence[Exclusion]) -> None:
        state = self.states[series, objective.name]
        start_ms = boundary_ms - objective.window_ms
        window = [event for event in self.events[series] if start_ms <= event.time_ms < boundary_ms]
        if not window and state == _State():
            return  # nothing to say of nothing
        of_series = [one for one in excluded if one.is_for(series.app_key, self.metric.id, series.scope)]
        left = [
            event for event in window if not any(one.excludes(event.time_ms, objective.hop_ms) for one in of_series)
        ]
        counts = self._count(left)
        breached = state.breached_at_ms is not None
        plain, says = (self._says(events, objective, boundary_ms, breached=breached) for events in (window, left))

        def recover(reason: str) -> None:
            assert state.breached_at_ms is not None
            self._publish(series, objective, boundary_ms, state.breached_at_ms, reason, counts)
            self.states[series, objective.name] = _State()

        if breached and plain in _FOR_A_BREACH and says not in _FOR_A_BREACH:
            recover("EXCLUDED")
            return
        if says is _Says.NOTHING:
            state.in_a_row = 0
            if breached:
                state.silent_ms = boundary_ms if state.silent_ms is None else state.silent_ms
                if reason := self._ends_silence(series, objective, boundary_ms, state.silent_ms, of_series):
                    recover(reason)
            return
        state.silent_ms = None
        if says is _Says.TOO_LITTLE:
            return
        state.in_a_row = state.in_a_row + 1 if (says in _FOR_A_BREACH) != breached else 0
        if not breached and _lasts(state.in_a_row, objective, objective.alert_after_ms):
            self._publish(series, objective, boundary_ms, boundary_ms, "BELOW_OBJECTIVE", counts)
            state.breached_at_ms, state.in_a_row = boundary_ms, 0
        elif breached and _lasts(state.in_a_row, objective, objective.recover_after_ms):
            recover("RESTORED")

    def _says(self, events: list[Event], objective: Objective, boundary_ms: int, *, breached: bool) -> "_Says":
        """What the events of a window say, by themselves."""
        counts = self._count(events)
        if counts.total == 0:
            return _Says.NOTHING
        if counts.total < objective.minimum_events:
            return _Says.TOO_LITTLE
        if not _is_below(counts, objective):
            return _Says.MET
        if objective.short_ms is None:
            return _Says.BELOW
        lately = self._count([event for event in events if event.time_ms >= boundary_ms - objective.short_ms])
        if lately.total == 0:
            return _Says.GOES_ON if breached and objective.silence is Silence.HOLD else _Says.MET
        return _Says.BELOW if _is_below(lately, objective) else _Says.MET

    def _ends_silence(
        self,
        series: Series,
        objective: Objective,
        boundary_ms: int,
        silent_ms: int,
        excluded: Sequence[Exclusion],
    ) -> str | None:
        """Why a breach without an event in its window is over; None while it is held."""
        if objective.silence is Silence.RECOVER:
            return "NO_DATA"
        known_ms = boundary_ms + self.lateness_ms
        if self.catalogue.is_withdrawn(series.app_key, known_ms):
            return "RETIRED"
        if self.metric is AVAILABILITY and self.catalogue.has_lost(series.app_key, series.scope, known_ms):
            return "RETIRED"
        panes_ms = range(boundary_ms - objective.window_ms, boundary_ms, objective.hop_ms)
        if all(any(one.excludes(pane_ms, objective.hop_ms) for one in excluded) for pane_ms in panes_ms):
            return "EXCLUDED"
        return "NO_DATA" if boundary_ms - silent_ms >= objective.hold_for_ms else None

    def _count(self, events: list[Event]) -> Counts:
        if self.metric is IFRAME and any(event.from_app for event in events):
            events = [event for event in events if event.from_app]
        bad = sum(not event.good for event in events)
        return Counts(len(events) - bad, bad)

    def _publish(
        self, series: Series, objective: Objective, boundary_ms: int, breached_at_ms: int, reason: str, counts: Counts
    ) -> None:
        app = self.catalogue.app(series.app_key)
        self.alerts.append(alert(self.metric, series, app, objective, boundary_ms, breached_at_ms, reason, counts))


def _lasts(boundaries: int, objective: Objective, after_ms: int) -> bool:
    """Whether so many judged boundaries in a row, counted as hops between them, last as long."""
    return boundaries > 0 and (boundaries - 1) * objective.hop_ms >= after_ms


def _is_below(counts: Counts, objective: Objective) -> bool:
    share = Fraction(counts.bad, counts.total)
    return share >= objective.budget if objective.breach_at_budget else share > objective.budget


def _in_byte_order(pair: tuple[Series, Objective]) -> tuple[bytes, ...]:
    series, objective = pair
    return series.app_key.encode(), series.scope.encode(), objective.name.encode()
