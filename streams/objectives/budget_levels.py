"""The budget levels of an SLO as objectives, judged by history."""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from streams.evaluation.budget_level import BudgetLevel
from streams.evaluation.objective import Judge, Silence
from streams.objectives.service_level import ServiceLevel

HOP_MS: Final = 300_000
CLOSES_BELOW: Final = 5
"""A level closes so many points below where it opens."""
_SEVERITY: Final = "ticket"


def budget_levels(levels: Iterable[ServiceLevel]) -> list[BudgetLevel]:
    """All of these SLOs, each called `SLO/budget-75`."""
    return [_budget_level(level, percent) for level in levels for percent in level.budget_levels]


def _budget_level(level: ServiceLevel, percent: int) -> BudgetLevel:
    allowed = 1 - level.target
    return BudgetLevel(
        name=f"{level.name}/{name_of_level(percent)}",
        metric=level.metric,
        window_ms=level.period_ms,
        hop_ms=HOP_MS,
        budget=Fraction(percent, 100) * allowed,
        breach_at_budget=allowed > 0,  # of no budget at all everything is used by the first failure, not before it
        silence=Silence.HOLD,
        judge=Judge.HISTORY,
        severity=_SEVERITY,
        service=level.service,
        closing_budget=Fraction(percent - CLOSES_BELOW, 100) * allowed,
    )


def name_of_level(percent: int) -> str:
    """What a level is called within its SLO."""
    return f"budget-{percent}"
