"""Why an objective paged or did not: one window read again from its stored panes, and judged by the engine's own rules.

Panes hold every event counted so far. Those that came after a boundary was judged show in its counts too, though they
did not revise it; so a verdict read here can differ from the one that was given then.
"""

from dataclasses import dataclass

from streams.evaluation.boundary import Boundary
from streams.evaluation.exclusions import Exclusions
from streams.evaluation.incident import incident_id
from streams.evaluation.knowledge import Knowledge
from streams.evaluation.listings import Listings
from streams.evaluation.objective import Objective
from streams.evaluation.progress import Progress
from streams.evaluation.series import Series, SeriesKey
from streams.evaluation.transition import AT_REST, AlertReason, ObjectiveState
from streams.evaluation.verdict import Counts, Verdict
from streams.tables.stored import StoredTable
from streams.tables.tables import Pane
from streams.windows.hopping import next_boundary


@dataclass(frozen=True, slots=True)
class Window:
    """The window that ends at a boundary, as its panes are stored now.

    `by_app` says whose events count: the app's own or the host's. `excluded` are those of `panes` that an exclusion
    takes out of the counts. `short` is what counts in the short window of an objective that has one. `gone_before_ms`
    is set when panes of the window before that time are no longer stored, so that the counts are those of the rest.
    """

    start_ms: int
    end_ms: int
    panes: tuple[Pane, ...]
    excluded: frozenset[Pane]
    by_app: bool
    good: int
    bad: int
    short: Counts | None
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
    listings: Listings,
) -> Explanation:
    """The window that ends at `at_ms`, rounded down to a boundary; at the last judged boundary without one."""
    progress, series = stored.progress, stored.table[key].series
    judged_ms = progress.judged_ms // objective.hop_ms * objective.hop_ms
    boundary_ms = judged_ms if at_ms is None else at_ms // objective.hop_ms * objective.hop_ms
    next_ms = next_boundary(progress.judged_ms, objective.hop_ms)
    state = series.states.get(objective.name, AT_REST)
    since_ms = state.breached_at_ms

    knowledge = Knowledge(objective.metric, lateness_ms, exclusions, listings)

    def boundary(end_ms: int) -> Boundary:
        return Boundary.at(end_ms, [objective], [], progress.pane_ms, knowledge.at(end_ms), progress.added_ms)

    return Explanation(
        objective=objective,
        window=_window(stored, key, boundary(boundary_ms), state),
        is_judged=boundary_ms <= progress.judged_ms,
        standing=state,
        incident=None if since_ms is None else incident_id(key[0], objective.metric, key[1], objective.name, since_ms),
        judged_ms=judged_ms,
        upcoming=_window(stored, key, boundary(next_ms), state),
        due_ms=next_ms + lateness_ms,
        outlook=boundary(next_ms).outlook(series),
    )


def _window(stored: StoredTable, key: SeriesKey, boundary: Boundary, state: ObjectiveState) -> Window:
    (due,) = boundary.active
    end_ms, start_ms = due.at_ms, due.at_ms - due.objective.window_ms
    series = stored.table[key].series
    left = due.left_for(boundary.known.exclusions.its_own(*key))
    counts = series.counted(left.window)
    panes = tuple(pane for pane in stored.table[key] if start_ms <= pane.start_ms < end_ms)
    numbers = {pane: pane.start_ms // stored.table.pane_ms for pane in panes}
    counted = [pane for pane in panes if any(first <= numbers[pane] < end for first, end in left.window)]
    since_ms = state.breached_at_ms
    then = state if since_ms is not None and since_ms <= end_ms else AT_REST
    gone_before_ms = _gone_before_ms(stored.progress, series)
    return Window(
        start_ms=start_ms,
        end_ms=end_ms,
        panes=panes,
        excluded=frozenset(panes) - frozenset(counted),
        by_app=any(pane.by_app for pane in counted),
        good=counts[0],
        bad=counts[1],
        short=None if left.short is None else series.counted(left.short),
        verdict=Verdict.EXCUSED if due.is_excused(series, left) else due.verdict(series, left, counts, then),
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
