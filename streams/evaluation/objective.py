"""An objective: which share of failures, over which window, is a breach."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from streams.windows.hopping import HoppingWindow

HOLD_FOR_MS: Final = 7 * 86_400_000
"""How long a breach is held through silence, unless the objective says otherwise."""


class Silence(StrEnum):
    """What a window without a counted event does to a standing breach."""

    RECOVER = "recover"
    HOLD = "hold"


_MINUTE_MS: Final = 60_000
_LONGEST_BY_THE_MINUTE_MS: Final = 6 * 3_600_000


def usual_hop_ms(window_ms: int) -> int:
    """How often a window is judged unless its objective says otherwise: each minute up to 6 h, else each fifth."""
    return _MINUTE_MS if window_ms <= _LONGEST_BY_THE_MINUTE_MS else 5 * _MINUTE_MS


class Judge(StrEnum):
    """Who judges an objective: the worker from its panes, or history from what it keeps for weeks."""

    WORKER = "worker"
    HISTORY = "history"


@dataclass(frozen=True, slots=True)
class Objective:
    """One alert condition on one metric, exact to the digit.

    `budget` is the share of failures allowed: burn-rate threshold x (1 - target), never a binary float. It is above
    zero with `breach_at_budget`, so that a window without a bad event never breaches. With `short_ms` the last so many
    milliseconds of the window have to be below as well. `window_ms` and the shorter `short_ms` are multiples of
    `hop_ms`, and all of a second.

    An SLI has to be below for `alert_after_ms`, and to meet the objective again for `recover_after_ms`. `hold_for_ms`
    ends a breach that silence holds. `severity` and `service` go into its alerts as they are.
    """

    name: str
    metric: str
    window_ms: int
    hop_ms: int
    budget: Fraction
    breach_at_budget: bool = False
    minimum_events: int = 1
    alert_after_ms: int = 0
    recover_after_ms: int = 0
    silence: Silence = Silence.RECOVER
    hold_for_ms: int = HOLD_FOR_MS
    short_ms: int | None = None
    judge: Judge = Judge.WORKER
    severity: str = "page"
    service: str | None = None

    def over(self, pane_ms: int) -> HoppingWindow:
        """The alert window, read from panes of this length."""
        return HoppingWindow(self.window_ms, self.hop_ms, pane_ms)

    def short_over(self, pane_ms: int) -> HoppingWindow | None:
        """The short window of a multiwindow rule, read from panes of this length; None for other rules."""
        return None if self.short_ms is None else HoppingWindow(self.short_ms, self.hop_ms, pane_ms)

    def is_below(self, good: int, bad: int) -> bool:
        """Whether the SLI misses the objective: bad > budget x total (or >= with `breach_at_budget`)."""
        numerator, denominator = self.budget.as_integer_ratio()
        spent = bad * denominator
        allowed = numerator * (good + bad)
        return spent >= allowed if self.breach_at_budget else spent > allowed

    def stays_below(self, good: int, bad: int) -> bool:
        """Whether what is breached is not over: most objectives end where they begin."""
        return self.is_below(good, bad)

    @property
    def alert_boundaries(self) -> int:
        """Consecutive judged boundaries that have to be below for a breach."""
        return self._boundaries(self.alert_after_ms)

    @property
    def recover_boundaries(self) -> int:
        """Consecutive judged boundaries that have to be met for a recovery."""
        return self._boundaries(self.recover_after_ms)

    def _boundaries(self, after_ms: int) -> int:
        """So many that the last lies at least a duration after the first."""
        return 1 - -after_ms // self.hop_ms

    @property
    def slo_percent(self) -> float:
        """The objective as alerts show it: 100 x (1 - budget), nearest double."""
        whole = self.budget.denominator
        return 100 * (whole - self.budget.numerator) / whole  # of integers this is exact, and ten times as fast
