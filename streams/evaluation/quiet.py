"""How long a silence changes nothing: a gap of decades has millions of boundaries, and all but a few say the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from streams.evaluation.knowledge import Known
from streams.evaluation.series import Series
from streams.evaluation.transition import ObjectiveState
from streams.windows.hopping import LONG_AGO


@dataclass(frozen=True, slots=True)
class Quiet:
    """The time after a judged boundary, as long as nothing comes in.

    `longest_ms` is the longest window; `holds_ms` how long a breach is held, by objective that holds it; `known` what
    was known to the boundary.
    """

    judged_ms: int
    longest_ms: int
    pane_ms: int
    holds_ms: Mapping[str, int]
    known: Known

    def ends_ms(self, series: Series) -> int:
        """The earliest time at which a boundary may change a series; long ago where it may be the next one."""
        if not series.states:
            return series.earliest_pane * self.pane_ms
        left_ms = self.judged_ms - self.longest_ms
        if (series.latest_pane + 1) * self.pane_ms > left_ms:
            return LONG_AGO
        held_ms = min(self._held_until_ms(name, state) for name, state in series.states.items())
        touched_ms = [
            start_ms if start_ms > self.judged_ms else LONG_AGO
            for start_ms, end_ms in self.known.exclusions.spans(*series.key)
            if end_ms > left_ms
        ]
        lateness_ms = self.known.moment_ms - self.judged_ms
        return min(held_ms, self.known.news_ms(series.app_key) - lateness_ms, *touched_ms)

    def _held_until_ms(self, name: str, state: ObjectiveState) -> int:
        """When a breach ends that is held through silence; long ago for any other state."""
        if name not in self.holds_ms or state.silent_ms is None:
            return LONG_AGO
        return state.silent_ms + self.holds_ms[name]
