"""One boundary: every watched series under every objective whose window ends there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from streams.evaluation.exclusions import KnownExclusions
from streams.evaluation.objective import Objective
from streams.evaluation.series import Series
from streams.evaluation.transition import AT_REST, AlertReason, Kind, ObjectiveState, Transition, judge
from streams.windows.hopping import HoppingWindow, PaneRange, Span


@dataclass(frozen=True, slots=True)
class _Due:
    """An objective whose window ends at the boundary. `left` is the window without what is excluded for all apps."""

    objective: Objective
    window: HoppingWindow
    at_ms: int
    whole: Sequence[PaneRange]
    for_all: Sequence[Span]
    left: Sequence[PaneRange]

    @classmethod
    def at(cls, at_ms: int, objective: Objective, pane_ms: int, for_all: Iterable[Span]) -> "_Due":
        """An objective that has a boundary at this time."""
        window = objective.over(pane_ms)
        whole, within = (window.panes(at_ms),), window.within(at_ms, for_all)
        return cls(objective, window, at_ms, whole, within, window.without(at_ms, within) if within else whole)

    def left_for(self, its_own: Sequence[Span]) -> Sequence[PaneRange]:
        """What is left for an app of which more is excluded."""
        within = self.window.within(self.at_ms, its_own)
        return self.window.without(self.at_ms, (*self.for_all, *within)) if within else self.left


@dataclass(frozen=True, slots=True)
class Boundary:
    """Judges series at one boundary; `by_app` are the exclusions that act there on single apps."""

    at_ms: int
    active: Sequence[_Due]
    retired: Sequence[_Due]
    by_app: Mapping[str, Sequence[Span]]

    @classmethod
    def at(
        cls, at_ms: int, active: Iterable[Objective], retired: Iterable[Objective], pane_ms: int, known: KnownExclusions
    ) -> "Boundary":
        """The boundary at a time, for those of the objectives that have one there."""

        def due(objectives: Iterable[Objective]) -> list[_Due]:
            return [_Due.at(at_ms, it, pane_ms, known.for_all) for it in objectives if at_ms % it.hop_ms == 0]

        return cls(at_ms, due(active), due(retired), known.by_app)

    def judge(self, series: Series, transitions: list[Transition]) -> bool:
        """Move a series to where it stands after the boundary; whether it changed and has to be stored."""
        changed = False
        its_own = self.by_app.get(series.key[0], ())
        for due in self.active:
            objective = due.objective
            standing = series.states.get(objective.name, AT_REST)
            good, bad = series.counted(due.whole)
            is_excused = False
            left = due.left_for(its_own) if its_own else due.left
            if left is not due.whole:
                would_breach = objective.breaches(good, bad)
                good, bad = series.counted(left)
                is_excused = would_breach and not objective.breaches(good, bad)
            if standing is AT_REST and (not bad or not objective.is_below(good, bad)):
                continue  # nothing speaks against it
            after, reason = judge(objective, standing, self.at_ms, good, bad, is_excused=is_excused)
            if after == standing:
                continue
            changed = True
            series.put(objective.name, after)
            if reason is not None:
                transitions.append(self._transition(series, objective, standing, reason, good, bad))
        for due in self.retired:
            changed |= self._retire(series, due, its_own, transitions)
        return changed

    def _retire(self, series: Series, due: _Due, its_own: Sequence[Span], transitions: list[Transition]) -> bool:
        standing = series.states.get(due.objective.name)
        if standing is None:
            return False
        series.put(due.objective.name, AT_REST)
        if standing.breached_at_ms is not None:
            counts = series.counted(due.left_for(its_own))
            transitions.append(self._transition(series, due.objective, standing, AlertReason.RETIRED, *counts))
        return True

    def _transition(
        self, series: Series, objective: Objective, before: ObjectiveState, reason: AlertReason, good: int, bad: int
    ) -> Transition:
        kind = Kind.BREACH if before.breached_at_ms is None else Kind.RECOVERY
        since_ms = self.at_ms if before.breached_at_ms is None else before.breached_at_ms
        return Transition(kind, reason, *series.key, objective, self.at_ms, since_ms, good, bad)
