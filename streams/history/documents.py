"""What history knows as the JSON objects of the API; the commands print the same."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from schemas.event_time import utc_text, utc_text_if_any
from streams.budgets.state import BudgetState
from streams.history.app_counts import AppCounts
from streams.history.budgets import SeriesBudget
from streams.history.codec import MINUTE_MS
from streams.history.steps import PERCENTS

DAY_MS: Final = 86_400_000

BudgetItem = dict[str, Any]


def budget_item(one: SeriesBudget, *, is_breached: bool) -> BudgetItem:
    """One budget."""
    budget = one.budget
    return {
        "appKey": one.app_key,
        "metricId": one.level.metric,
        "scope": one.scope,
        "slo": one.level.name,
        "target": decimal_text(one.level.target),
        "periodDays": one.level.period_ms // DAY_MS,
        "goodCount": budget.counts.good,
        "badCount": budget.counts.bad,
        "coveredMinutes": one.covered_minutes,
        "state": str(one.state),
        "consumed": None if budget.consumed is None else float(budget.consumed),
        "remainingEvents": budget.remaining_events,
        "burn": {name: None if rate is None else float(rate) for name, rate in one.burn.items()},
        "exhaustedAt": utc_text_if_any(one.exhausted_at_ms),
        "breached": is_breached,
    }


def worst_first(item: BudgetItem) -> float:
    """In which order budgets are told unless somebody asks otherwise: the one of which most is used comes first."""
    if item["state"] == BudgetState.NO_DATA:
        return float("inf")
    consumed = item["consumed"]
    return float("-inf") if consumed is None else -consumed


def place_of(item: BudgetItem) -> tuple[str, str, str, str]:
    """What goes by name where two are equal."""
    return item["appKey"], item["metricId"], item["scope"], item["slo"]


def counts_document(found: AppCounts) -> dict[str, Any]:
    """Counts of one series, a list for each column of the chart."""
    steps = found.steps
    return {
        "asOf": utc_text(found.as_of_ms),
        "from": utc_text(steps.start * MINUTE_MS),
        "step": steps.step * 60,
        "good": steps.good,
        "bad": steps.bad,
        "excluded": steps.excluded,
        **{f"p{percent}": steps.percentiles[percent] for percent in PERCENTS},
    }


def decimal_text(number: Fraction) -> str:
    """As written in a file: 0.999; targets have few digits."""
    return format((Decimal(number.numerator) / Decimal(number.denominator)).normalize(), "f")
