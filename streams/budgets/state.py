"""How a budget is doing, in one word."""

from enum import StrEnum
from fractions import Fraction
from typing import Final

from streams.budgets.budget import Budget
from streams.budgets.forecast import DAY_MS

AT_RISK_CONSUMED: Final = Fraction(3, 4)
AT_RISK_WITHIN_MS: Final = 3 * DAY_MS


class BudgetState(StrEnum):
    """Sorted from good to bad, with `NO_DATA` where nothing can be said."""

    MET = "MET"
    AT_RISK = "AT_RISK"
    EXHAUSTED = "EXHAUSTED"
    NO_DATA = "NO_DATA"


def state_of(budget: Budget, as_of_ms: int, exhausted_at_ms: int | None) -> BudgetState:
    """`EXHAUSTED` is a missed target; `AT_RISK` three quarters used, or used up within three days by the forecast."""
    if not budget.has_data:
        return BudgetState.NO_DATA
    if not budget.is_met:
        return BudgetState.EXHAUSTED
    consumed = budget.consumed
    is_used = consumed is not None and consumed >= AT_RISK_CONSUMED
    is_soon = exhausted_at_ms is not None and exhausted_at_ms <= as_of_ms + AT_RISK_WITHIN_MS
    return BudgetState.AT_RISK if is_used or is_soon else BudgetState.MET
