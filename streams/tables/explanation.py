"""Why an objective paged or did not: one window read again from its stored panes, and judged by the engine's own rules.

Panes hold every event counted so far. Those that came after a boundary was judged show in its counts too, though they
did not revise it; so a verdict read here can differ from the one that was given then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from streams.evaluation.exclusions import Exclusions
from streams.evaluation.incident import incident_id
from streams.evaluation.objective import Objective
from streams.evaluation.progress import Progress
from streams.evaluation.series import Series, SeriesKey
from streams.evaluation.transition import AT_REST, AlertReason, ObjectiveState, judge
from streams.tables.stored import StoredTable
from streams.tables.tables import Pane
from streams.windows.hopping import Span, next_boundary


class Verdict(StrEnum):
    """What the counts of a window say; the first that applies."""

    EXCUSED = "EXCUSED"
    SILENCE = "SILENCE"
    TOO_FEW_EVENTS = "TOO_FEW_EVENTS"
    BELOW = "BELOW"
    MET = "MET"


@dataclass(frozen=True, slots=True)
class Window:
    """The window that ends at a boundary, as its panes are stored now.

    `by_app` says whose events count: the app's own or the host's. `excluded` are those of `panes` that an exclusion
    takes out of the counts. `gone_before_ms` is set when panes of the window before that time are no longer stored, so
    that the counts are those of the rest.
    """

    start_ms: int
    end_ms: int
    panes: tuple[Pane, ...]
    excluded: frozenset[Pane]
    by_app: bool
    good: int
    bad: int
    verdict: Verdict
    gone_before_ms: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """One series under one objective.

    `window` is the one asked for and `is_judged` whether its boundary has been. `standing` is as of the last commit.
    `upcoming` is the window of the next boundary, judged once the watermark reaches `due_ms`; `outlook` is the
    transition there if no further event came.
    """

    objective: Objective
    window: Window
    is_judged: bool
    standing: ObjectiveState
    incident: str | None
    judged_ms: int
    upcoming: Window
    due_ms: int
    outlook: AlertReason | None


def explain(
    stored: StoredTable,
    key: SeriesKey,
    objective: Objective,
    at_ms: int | None,
    lateness_ms: int,
    exclusions: Exclusions,
) -> Explanation:
    """The window that ends at `at_ms`, rounded down to a boundary; at the last judged boundary without one."""
    progress, series = stored.progress, stored.table[key].series
    judged_ms = progress.judged_ms // objective.hop_ms * objective.hop_ms
    boundary_ms = judged_ms if at_ms is None else at_ms // objective.hop_ms * objective.hop_ms
    next_ms = next_boundary(progress.judged_ms, objective.hop_ms)
    standing = series.states.get(objective.name, AT_REST)
    since_ms = standing.breached_at_ms

    def window(end_ms: int) -> Window:
        known = exclusions.known_at(end_ms + lateness_ms, objective.metric)
        return _window(stored, key, objective, end_ms, known.spans(key[0]))

    upcoming = window(next_ms)
    return Explanation(
        objective=objective,
        window=window(boundary_ms),
        is_judged=boundary_ms <= progress.judged_ms,
        standing=standing,
        incident=None if since_ms is None else incident_id(key[0], objective.metric, key[1], objective.name, since_ms),
        judged_ms=judged_ms,
        upcoming=upcoming,
        due_ms=next_ms + lateness_ms,
        outlook=judge(
            objective,
            standing,
            next_ms,
            upcoming.good,
            upcoming.bad,
            is_excused=upcoming.verdict is Verdict.EXCUSED,
        )[1],
    )


def verdict_of(objective: Objective, good: int, bad: int) -> Verdict:
    """The rule by which these counts are judged; the order is that of `streams.evaluation.transition.judge`."""
    if good + bad == 0:
        return Verdict.SILENCE
    if good + bad < objective.minimum_events:
        return Verdict.TOO_FEW_EVENTS
    return Verdict.BELOW if objective.is_below(good, bad) else Verdict.MET


def _window(
    stored: StoredTable, key: SeriesKey, objective: Objective, boundary_ms: int, spans: Sequence[Span]
) -> Window:
    start_ms = boundary_ms - objective.window_ms
    windows = stored.table.of(objective)
    good, bad = windows[key].at(boundary_ms, spans)
    panes = tuple(pane for pane in stored.table[key] if start_ms <= pane.start_ms < boundary_ms)
    left = windows.window.without(boundary_ms, spans)
    numbers = {pane: pane.start_ms // stored.table.pane_ms for pane in panes}
    counted = [pane for pane in panes if any(first <= numbers[pane] < end for first, end in left)]
    is_excused = objective.breaches(*windows[key].at(boundary_ms)) and not objective.breaches(good, bad)
    gone_before_ms = _gone_before_ms(stored.progress, stored.table[key].series)
    return Window(
        start_ms=start_ms,
        end_ms=boundary_ms,
        panes=panes,
        excluded=frozenset(panes) - frozenset(counted),
        by_app=any(pane.by_app for pane in counted),
        good=good,
        bad=bad,
        verdict=Verdict.EXCUSED if is_excused else verdict_of(objective, good, bad),
        gone_before_ms=gone_before_ms if gone_before_ms > start_ms else None,
    )


def _gone_before_ms(progress: Progress, series: Series) -> int:
    """The time before which panes may be missing.

    The engine keeps a longest window of panes: a series that went silent is let go of as boundaries are judged, and one
    that goes on forgets now and then what the next boundary does not need. That leaves totals behind.
    """
    kept_ms = max(objective.window_ms for objective in progress.objectives)
    next_ms = min(next_boundary(progress.judged_ms, objective.hop_ms) for objective in progress.objectives)
    gone_ms = progress.judged_ms // progress.pane_ms * progress.pane_ms - kept_ms
    for counts in (series.by_host, series.by_app):
        if counts is not None and counts.has_forgotten:
            gone_ms = max(gone_ms, min(counts.first_pane * progress.pane_ms, next_ms - kept_ms))
    return gone_ms
