"""An objective: which share of failures, over which window, is a breach."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from streams.windows.hopping import HoppingWindow


class Silence(StrEnum):
    """What a window without a counted event does to a standing breach."""

    RECOVER = "recover"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Objective:
    """One alert condition on one metric, exact to the digit.

    `budget` is the share of failures allowed: burn-rate threshold x (1 - target), never a binary float. It is above
    zero with `breach_at_budget`, so that a window without a bad event never breaches.
    `window_ms` is a multiple of `hop_ms`, and both of a second. `alert_after` and `recover_after` count
    consecutive judged boundaries, at least 1.
    """

    name: str
    metric: str
    window_ms: int
    hop_ms: int
    budget: Fraction
    breach_at_budget: bool = False
    minimum_events: int = 1
    alert_after: int = 1
    recover_after: int = 1
    silence: Silence = Silence.RECOVER

    def over(self, pane_ms: int) -> HoppingWindow:
        """Its window, read from panes of this length."""
        return HoppingWindow(self.window_ms, self.hop_ms, pane_ms)

    def is_below(self, good: int, bad: int) -> bool:
        """Whether the SLI misses the objective: bad > budget x total (or >= with `breach_at_budget`)."""
        spent = bad * self.budget.denominator
        allowed = self.budget.numerator * (good + bad)
        return spent >= allowed if self.breach_at_budget else spent > allowed

    def breaches(self, good: int, bad: int) -> bool:
        """Whether a window with these counts is judged, and misses the objective."""
        return good + bad >= self.minimum_events and self.is_below(good, bad)

    @property
    def slo_percent(self) -> float:
        """The objective as alerts show it: 100 x (1 - budget), nearest double."""
        whole = self.budget.denominator
        return 100 * (whole - self.budget.numerator) / whole  # of integers this is exact, and ten times as fast
