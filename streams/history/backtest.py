"""What other objectives would have done: weeks of minutes, judged by the evaluator's own core.

The counts are those known today, and so are the exclusions; an alert of the past may have seen fewer. Every series is
at rest when the time begins.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from streams.evaluation.boundary import Boundary
from streams.evaluation.exclusions import KnownExclusions
from streams.evaluation.knowledge import Known
from streams.evaluation.listings import Listings
from streams.evaluation.objective import Objective
from streams.evaluation.series import Series, SeriesKey
from streams.evaluation.transition import Kind, Transition
from streams.history.boundary_counts import boundary_counts
from streams.history.codec import MINUTE_MS
from streams.history.minutes import Minutes
from streams.windows.hopping import NEVER, next_boundary
from streams.windows.tumbling import TumblingCounts

_NOTHING: Final = Listings()


@dataclass(frozen=True, slots=True)
class Firing:
    """A breach of a series; `recovered_ms` and `reason` are None while it stands at the end of the time."""

    app_key: str
    metric: str
    scope: str
    objective: str
    breached_ms: int
    recovered_ms: int | None = None
    reason: str | None = None

    @property
    def series(self) -> tuple[str, str, str]:
        """Whose it is."""
        return self.app_key, self.metric, self.scope

    def overlaps(self, other: "Firing") -> bool:
        """Whether both stood at a time; they are of one series."""
        begins_before_end = other.recovered_ms is None or self.breached_ms <= other.recovered_ms
        return begins_before_end and (self.recovered_ms is None or other.breached_ms <= self.recovered_ms)


def backtest(
    key: SeriesKey,
    objectives: Iterable[Objective],
    told: Sequence[Minutes],
    exclusions: KnownExclusions,
    start_ms: int,
    end_ms: int,
) -> list[Firing]:
    """What the objectives of one metric would have fired for a series at the boundaries in (start, end].

    `told` is what each source tells, from before the longest window that ends at the start. Hops are whole minutes.
    """
    series = _series(key, told)
    found: list[Firing] = []
    for objective in objectives:
        found += _firings(objective, series, told, exclusions, start_ms, end_ms)
    return sorted(found, key=lambda firing: (firing.breached_ms, firing.objective))


def _firings(
    objective: Objective,
    series: Series,
    told: Sequence[Minutes],
    exclusions: KnownExclusions,
    start_ms: int,
    end_ms: int,
) -> list[Firing]:
    below = _below(objective, told, exclusions.spans(*series.key), start_ms, end_ms)
    known = Known(NEVER - 1, exclusions, _NOTHING)
    transitions: list[Transition] = []
    at_ms = start_ms
    while (at_ms := _next(objective, series, below, at_ms)) <= end_ms:
        Boundary.at(at_ms, [objective], [], MINUTE_MS, known, {}).judge(series, transitions)
    series.states = {}
    return _paired(transitions)


def _next(objective: Objective, series: Series, below: Sequence[int], after_ms: int) -> int:
    """The next boundary at which anything can change: of a series at rest the next one that it is below at."""
    if series.states:
        return next_boundary(after_ms, objective.hop_ms)
    at = bisect_left(below, after_ms + 1)
    return below[at] if at < len(below) else NEVER


def _below(
    objective: Objective, told: Sequence[Minutes], spans: Sequence[tuple[int, int]], start_ms: int, end_ms: int
) -> list[int]:
    """The boundaries at which the counts of the window, without what is excluded, miss the objective."""
    counts = boundary_counts(told, spans, objective.window_ms, objective.hop_ms, start_ms, end_ms)
    return [boundary_ms for boundary_ms, good, bad in counts if bad and objective.is_below(good, bad)]


def _series(key: SeriesKey, told: Sequence[Minutes]) -> Series:
    """The series as the evaluator has it, with panes of a minute."""
    series = Series(key)
    for place, minutes in enumerate(told):
        panes: TumblingCounts = series.its_own() if place else series
        for minute, (good, bad) in enumerate(zip(minutes.good, minutes.bad, strict=True), minutes.start):
            if good or bad:
                panes.add(minute, good, bad)
    return series


def _paired(transitions: Iterable[Transition]) -> list[Firing]:
    found: list[Firing] = []
    for one in transitions:
        begun = Firing(one.app_key, one.objective.metric, one.scope, one.objective.name, one.breached_at_ms)
        if one.kind is Kind.BREACH:
            found.append(begun)
        else:
            found[-1] = replace(begun, recovered_ms=one.boundary_ms, reason=str(one.reason))
    return found
