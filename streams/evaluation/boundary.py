"""One boundary: every watched series under every objective whose window ends there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from streams.evaluation.exclusions import Known
from streams.evaluation.objective import Objective
from streams.evaluation.series import Series
from streams.evaluation.transition import AT_REST, Kind, Reason, Standing, Transition, judge
from streams.windows.hopping import HoppingWindow, PaneRange, Span


@dataclass(frozen=True, slots=True)
class _Due:
    """An objective whose window ends at the boundary."""

    objective: Objective
    window: HoppingWindow
    whole: Sequence[PaneRange]


@dataclass(frozen=True, slots=True)
class Boundary:
    """Judges series at one boundary; `known` are the exclusions that act there."""

    at_ms: int
    active: Sequence[_Due]
    retired: Sequence[_Due]
    known: Known

    @classmethod
    def at(
        cls, at_ms: int, active: Iterable[Objective], retired: Iterable[Objective], pane_ms: int, known: Known
    ) -> "Boundary":
        """The boundary at a time, for those of the objectives that have one there."""

        def due(objectives: Iterable[Objective]) -> list[_Due]:
            windows = [(it, it.over(pane_ms)) for it in objectives if at_ms % it.hop_ms == 0]
            return [_Due(objective, window, (window.panes(at_ms),)) for objective, window in windows]

        return cls(at_ms, due(active), due(retired), known)

    def judge(self, series: Series, transitions: list[Transition]) -> bool:
        """Move a series to where it stands after the boundary; whether it changed and has to be stored."""
        changed = False
        spans = self.known.spans(series.key[0])
        for due in self.active:
            objective = due.objective
            standing = series.standings.get(objective.name, AT_REST)
            good, bad = series.counts(due.whole)
            is_excused = False
            if spans:
                would_breach = objective.breaches(good, bad)
                good, bad = series.counts(due.window.without(self.at_ms, spans))
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
            changed |= self._retire(series, due, spans, transitions)
        return changed

    def _retire(self, series: Series, due: _Due, spans: Sequence[Span], transitions: list[Transition]) -> bool:
        standing = series.standings.get(due.objective.name)
        if standing is None:
            return False
        series.put(due.objective.name, AT_REST)
        if standing.breached_at_ms is not None:
            counts = series.counts(due.window.without(self.at_ms, spans))
            transitions.append(self._transition(series, due.objective, standing, Reason.RETIRED, *counts))
        return True

    def _transition(
        self, series: Series, objective: Objective, before: Standing, reason: Reason, good: int, bad: int
    ) -> Transition:
        kind = Kind.BREACH if before.breached_at_ms is None else Kind.RECOVERY
        since_ms = self.at_ms if before.breached_at_ms is None else before.breached_at_ms
        return Transition(kind, reason, *series.key, objective, self.at_ms, since_ms, good, bad)
