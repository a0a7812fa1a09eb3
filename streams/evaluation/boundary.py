"""One boundary: every watched series under every objective whose window ends there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from streams.evaluation.due import Due, Panes
from streams.evaluation.judged import Judged
from streams.evaluation.knowledge import Known
from streams.evaluation.objective import Objective
from streams.evaluation.transition import AT_REST, AlertReason, Kind, ObjectiveState, Transition, judge
from streams.evaluation.verdict import SILENCE, Counts
from streams.windows.hopping import Span


@dataclass(frozen=True, slots=True)
class Boundary:
    """Judges series at one boundary, by what is known to it."""

    at_ms: int
    active: Sequence[Due]
    retired: Sequence[Due]
    known: Known

    @classmethod
    def at(
        cls,
        at_ms: int,
        active: Iterable[Objective],
        retired: Iterable[Objective],
        pane_ms: int,
        known: Known,
        added_ms: Mapping[str, int],
    ) -> "Boundary":
        """The boundary at a time, for those of the objectives that have one there.

        `added_ms` tells when objectives were added, by name, whose windows reach back before the panes kept then.
        """
        for_all = known.exclusions.for_all

        def due(objectives: Iterable[Objective]) -> list[Due]:
            here = (it for it in objectives if at_ms % it.hop_ms == 0)
            return [Due.at(at_ms, it, pane_ms, for_all, added_ms.get(it.name)) for it in here]

        return cls(at_ms, due(active), due(retired), known)

    def judge(self, series: Judged, transitions: list[Transition]) -> bool:
        """Move a series to where it stands after the boundary; whether it changed and has to be stored."""
        changed = False
        its_own = self.known.exclusions.its_own(series.app_key, series.scope)
        for due in self.active:
            objective = due.objective
            state = series.states.get(objective.name, AT_REST)
            panes = due.left_for(its_own) if its_own else due.left
            counts = series.counted(panes.window)
            if state is AT_REST and (not counts[1] or not objective.is_below(*counts)):
                continue  # nothing speaks against it
            if due.is_too_early(series):
                continue
            after, reason = self._outcome(series, due, panes, counts, state)
            if after == state:
                continue
            changed = True
            series.put(objective.name, after)
            if reason is not None:
                transitions.append(self._transition(series, objective, state, reason, counts))
        for due in self.retired:
            changed |= self._retire(series, due, its_own, transitions)
        return changed

    def outlook(self, series: Judged) -> AlertReason | None:
        """The transition of a series under the one objective of the boundary; nothing is changed."""
        (due,) = self.active
        panes = due.left_for(self.known.exclusions.its_own(*series.key))
        if due.is_too_early(series):
            return None
        state = series.states.get(due.objective.name, AT_REST)
        return self._outcome(series, due, panes, series.counted(panes.window), state)[1]

    def _outcome(
        self, series: Judged, due: Due, panes: Panes, counts: Counts, state: ObjectiveState
    ) -> tuple[ObjectiveState, AlertReason | None]:
        """Where a series stands afterwards, and why if that is news; `counts` are those of the window in `panes`."""
        verdict = due.verdict(series, panes, counts, state)
        release = self._release(series, panes) if verdict is SILENCE else None
        return judge(due.objective, state, self.at_ms, verdict, release)

    def _release(self, series: Judged, panes: Panes) -> AlertReason | None:
        """What ends a breach that silence holds before its time: nothing is left to check, or all is excluded."""
        if self.known.listings.has_left(series.app_key, series.scope, self.known.moment_ms):
            return AlertReason.RETIRED
        return None if panes.window else AlertReason.EXCLUDED

    def _retire(self, series: Judged, due: Due, its_own: Sequence[Span], transitions: list[Transition]) -> bool:
        state = series.states.get(due.objective.name)
        if state is None:
            return False
        series.put(due.objective.name, AT_REST)
        if state.breached_at_ms is not None:
            counts = series.counted(due.left_for(its_own).window)
            transitions.append(self._transition(series, due.objective, state, AlertReason.RETIRED, counts))
        return True

    def _transition(
        self, series: Judged, objective: Objective, before: ObjectiveState, reason: AlertReason, counts: Counts
    ) -> Transition:
        kind = Kind.BREACH if before.breached_at_ms is None else Kind.RECOVERY
        since_ms = self.at_ms if before.breached_at_ms is None else before.breached_at_ms
        return Transition(kind, reason, *series.key, objective, self.at_ms, since_ms, *counts)
