"""An objective at one boundary: its windows, and what exclusions leave of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from streams.evaluation.judged import Judged
from streams.evaluation.objective import Objective
from streams.evaluation.transition import ObjectiveState
from streams.evaluation.verdict import EXCUSED, Counts, Verdict, is_excused, verdict_of
from streams.windows.hopping import HoppingWindow, PaneRange, Span


class Panes(NamedTuple):
    """The panes of a window that count, and those of the short one where there is one."""

    window: Sequence[PaneRange]
    short: Sequence[PaneRange] | None


@dataclass(frozen=True, slots=True)
class Due:
    """An objective whose windows end at the boundary. `left` is what is not excluded for all apps and scopes.

    `added_ms` is set where it was added to panes that did not reach back as far as its window, and not so long ago.
    """

    objective: Objective
    at_ms: int
    pane_ms: int
    added_ms: int | None
    window: HoppingWindow
    short: HoppingWindow | None
    for_all: Sequence[Span]
    whole: Panes
    left: Panes

    @classmethod
    def at(
        cls, at_ms: int, objective: Objective, pane_ms: int, for_all: Sequence[Span] = (), added_ms: int | None = None
    ) -> "Due":
        """An objective that has a boundary at this time."""
        window, short = objective.over(pane_ms), objective.short_over(pane_ms)
        whole = Panes((window.panes(at_ms),), None if short is None else (short.panes(at_ms),))
        within = window.within(at_ms, for_all)
        if added_ms is not None and at_ms >= added_ms + objective.window_ms:
            added_ms = None
        due = cls(objective, at_ms, pane_ms, added_ms, window, short, within, whole, whole)
        return replace(due, left=due._without(within)) if within else due

    def is_too_early(self, series: Judged) -> bool:
        """Whether the series was there before the objective, so that part of its window may be gone."""
        return self.added_ms is not None and series.was_there(self.added_ms, self.pane_ms)

    def left_for(self, its_own: Sequence[Span]) -> Panes:
        """What is left for a series of which more is excluded."""
        within = self.window.within(self.at_ms, its_own)
        return self._without((*self.for_all, *within)) if within else self.left

    def _without(self, spans: Sequence[Span]) -> Panes:
        short = None if self.short is None else self.short.without(self.at_ms, spans)
        return Panes(self.window.without(self.at_ms, spans), short)

    def verdict(self, series: Judged, panes: Panes, counts: Counts, state: ObjectiveState) -> Verdict:
        """What is to be judged: `counts` are those of the window in `panes`, which are left for the series."""
        is_breached = state.breached_at_ms is not None
        short = None if panes.short is None else series.counted(panes.short)
        verdict = verdict_of(self.objective, counts, short, is_breached=is_breached)
        if is_breached and panes is not self.whole and self._is_excused(series, verdict, is_breached=True):
            return EXCUSED
        return verdict

    def is_excused(self, series: Judged, panes: Panes) -> bool:
        """Whether only what is excluded would be a breach."""
        verdict = self._verdict(series, panes, is_breached=False)
        return self._is_excused(series, verdict, is_breached=False)

    def _is_excused(self, series: Judged, verdict: Verdict, *, is_breached: bool) -> bool:
        return is_excused(self._verdict(series, self.whole, is_breached=is_breached), verdict)

    def _verdict(self, series: Judged, panes: Panes, *, is_breached: bool) -> Verdict:
        short = None if panes.short is None else series.counted(panes.short)
        return verdict_of(self.objective, series.counted(panes.window), short, is_breached=is_breached)
