"""The model: feed a log record by record, and recount every window from its raw events at every boundary.

met ──(below for `alert_after_ms`, at each judged boundary)─────▶ breached    BREACH
breached ──(breaches only with what is excluded by now)────────▶ met         RECOVERY, EXCLUDED
breached ──(no event in the window, and silence is `recover`)──▶ met         RECOVERY, NO_DATA
breached ──(not below for `recover_after_ms`, likewise)────────▶ met         RECOVERY, RESTORED
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from streams.evaluation.objective import Objective, Silence
from streams.names import IFRAME, Metric, Topics
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

    A version of an exclusion is known from its Kafka timestamp on, wherever it lies in the log; a version of an app
    counts from its place in the log on. What cannot be used of either is rejected and changes nothing.

    The log is as read from the topics, rerouted copies among the rest; for a log that never passed through the
    product, `put_right` adds them. At its end every boundary up to and with `until_ms` is judged in each partition
    that has a watermark; with None nothing beyond what the watermark reached.
    """
    judges: dict[TopicPartition, _Partition] = {}
    seen: defaultdict[TopicPartition, int] = defaultdict(int)
    rejected: list[tuple[str, int, int, str]] = []
    log = list(log)
    exclusions = Exclusions(record for record in log if record.topic == topics.exclusions)
    catalogue = Catalogue()
    for record in log:
        where = (record.topic, record.partition)
        index = seen[where]
        seen[where] += 1
        found: object
        if record.topic == topics.exclusions:
            found = read_version(record)
        elif record.topic == topics.apps:
            found = catalogue.take(record)
        else:
            metric = topics.inputs[record.topic]
            if where not in judges:
                of_metric = [objective for objective in objectives if objective.metric == metric.id]
                judges[where] = _Partition(metric, of_metric, lateness_ms, exclusions, catalogue, max_series_per_app)
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
    events: defaultdict[Series, list[Event]] = field(default_factory=lambda: defaultdict(list))
    states: defaultdict[tuple[Series, str], _State] = field(default_factory=lambda: defaultdict(_State))
    alerts: list[Alert] = field(default_factory=list)

    def take(self, event: Event, timestamp_ms: int | None) -> Rejection | None:
        """Count a well-placed event and judge what it makes due; or say why it cannot be used."""
        if timestamp_ms is not None and event.time_ms > timestamp_ms + FUTURE_TOLERANCE_MS:
            return Rejection.FUTURE_TIME
        if self._is_too_late(event):
            return Rejection.TOO_LATE
        moment_ms = event.time_ms if timestamp_ms is None else min(event.time_ms, timestamp_ms)
        if self.watermark_ms is None:
            self.watermark_ms = moment_ms
            self.judged_through_ms = moment_ms - self.lateness_ms  # history before the first record is nobody's
        self.watermark_ms = max(self.watermark_ms, moment_ms)
        self.judge_through(self.watermark_ms - self.lateness_ms)
        if event.counted and not self.catalogue.excludes(event):
            series = Series(event.app_key, event.scope)
            if not self._is_kept(series) and self._kept_of(event.app_key) >= self.max_series_per_app:
                return Rejection.TOO_MANY_SERIES
            self.events[series].append(event)
            self.last_event_ms = max(self.last_event_ms, event.time_ms)
        return None

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
        for boundary_ms in self._boundaries(limit_ms):
            excluded = self.exclusions.known_at(boundary_ms + self.lateness_ms)
            due = [o for o in self.objectives if boundary_ms % o.hop_ms == 0]
            for series, objective in sorted(((s, o) for s in self.events for o in due), key=_in_byte_order):
                self._judge_one(series, objective, boundary_ms, excluded)
        self.judged_through_ms = max(self.judged_through_ms, limit_ms)

    def _boundaries(self, limit_ms: int) -> list[int]:
        """Multiples of the hops in (judged through, limit].

        Once the last event has left every window, one more boundary of each objective says all that silence can say;
        the rest of a long gap is skipped. An exclusion that becomes known in it finds nothing in any window to take.
        """
        silent_from_ms = self.last_event_ms + max((o.window_ms + o.hop_ms for o in self.objectives), default=0)
        end_ms = min(limit_ms, silent_from_ms)
        after_ms = self.judged_through_ms
        hops_ms = {o.hop_ms for o in self.objectives}
        return sorted({b for hop in hops_ms for b in range((after_ms // hop + 1) * hop, end_ms + 1, hop)})

    def _judge_one(self, series: Series, objective: Objective, boundary_ms: int, excluded: Sequence[Exclusion]) -> None:
        state = self.states[series, objective.name]
        start_ms = boundary_ms - objective.window_ms
        window = [event for event in self.events[series] if start_ms <= event.time_ms < boundary_ms]
        of_series = [one for one in excluded if one.is_for(series.app_key, self.metric.id)]
        left = [event for event in window if not any(one.excludes(event, objective.hop_ms) for one in of_series)]
        plain, counts = self._count(window), self._count(left)

        if state.breached_at_ms is not None and _breaches(plain, objective) and not _breaches(counts, objective):
            self._publish(series, objective, boundary_ms, state.breached_at_ms, "EXCLUDED", counts)
            state.breached_at_ms, state.in_a_row = None, 0
            return
        if counts.total == 0:
            state.in_a_row = 0
            if state.breached_at_ms is not None and objective.silence is Silence.RECOVER:
                self._publish(series, objective, boundary_ms, state.breached_at_ms, "NO_DATA", counts)
                state.breached_at_ms = None
            return
        if counts.total < objective.minimum_events:
            return
        breached = state.breached_at_ms is not None
        state.in_a_row = state.in_a_row + 1 if _is_below(counts, objective) != breached else 0
        if state.breached_at_ms is None and _lasts(state.in_a_row, objective, objective.alert_after_ms):
            self._publish(series, objective, boundary_ms, boundary_ms, "BELOW_OBJECTIVE", counts)
            state.breached_at_ms, state.in_a_row = boundary_ms, 0
        elif state.breached_at_ms is not None and _lasts(state.in_a_row, objective, objective.recover_after_ms):
            self._publish(series, objective, boundary_ms, state.breached_at_ms, "RESTORED", counts)
            state.breached_at_ms, state.in_a_row = None, 0

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


def _breaches(counts: Counts, objective: Objective) -> bool:
    return counts.total >= max(1, objective.minimum_events) and _is_below(counts, objective)


def _in_byte_order(pair: tuple[Series, Objective]) -> tuple[bytes, ...]:
    series, objective = pair
    return series.app_key.encode(), series.scope.encode(), objective.name.encode()
