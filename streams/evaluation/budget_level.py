"""A level of an error budget as an objective: breached once so much of the budget is used."""

from dataclasses import dataclass
from fractions import Fraction

from streams.evaluation.objective import Objective
from streams.windows.hopping import HoppingWindow

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class BudgetLevel(Objective):
    """`budget` is what opens it and `closing_budget`, some points below, what has to be left behind to close it.

    Sums move both ways while a period rolls on: with one threshold it would open and close all the time. Its counts are
    those of the budget, so what is excluded is left out by the minute.
    """

    closing_budget: Fraction = Fraction(0)

    def over(self, pane_ms: int) -> HoppingWindow:
        """The period of the budget."""
        return HoppingWindow(self.window_ms, _MINUTE_MS, pane_ms)

    def stays_below(self, good: int, bad: int) -> bool:
        """Whether still more than the closing level is used; of one that is not above 0, whether anything failed."""
        spent, allowed = bad * self.closing_budget.denominator, self.closing_budget.numerator * (good + bad)
        return spent >= allowed if self.closing_budget > 0 else bad > 0
