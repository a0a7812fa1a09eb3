"""The budgets of an app: of each of its series, under every service level of its metric, as history knows it today."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from streams.budgets.budget import Budget, Counts, burn_rate
from streams.budgets.coverage import covered_minutes
from streams.budgets.forecast import exhausted_at
from streams.budgets.state import BudgetState, state_of
from streams.evaluation.exclusions import Exclusions
from streams.history.codec import MINUTE_MS
from streams.history.minutes import Minutes, chosen
from streams.history.tally import SeriesKey
from streams.objectives.service_level import ServiceLevel
from streams.windows.hopping import NEVER, Span

BURN_MINUTES: Final = {"1h": 60, "6h": 360, "1d": 1_440, "3d": 4_320}
"""Windows over which a budget's burn rate is shown."""
FORECAST_STEP: Final = 5  # minutes: the whole period slides in a few milliseconds


@dataclass(frozen=True, slots=True)
class SeriesBudget:
    """What one series has left of what one service level allows, as of a moment.

    Of a period that was seen in part the numbers are of what was seen, `covered_minutes` of it.
    """

    app_key: str
    scope: str
    level: ServiceLevel
    budget: Budget
    as_of_ms: int
    covered_minutes: int
    burn: Mapping[str, Fraction | None]
    exhausted_at_ms: int | None

    @property
    def state(self) -> BudgetState:
        """In one word."""
        return state_of(self.budget, self.as_of_ms, self.exhausted_at_ms)


@dataclass(frozen=True, slots=True)
class Told:
    """What one source tells of a series: its minutes, and the first of them ever, in minutes since 1970."""

    minutes: Minutes
    first_minute: int


def minutes_shown(period_ms: int) -> int:
    """How many minutes tell all of a budget: a short period is not as long as the burn rates beside it."""
    return max(period_ms // MINUTE_MS, *BURN_MINUTES.values())


def series_budget(
    app_key: str, scope: str, level: ServiceLevel, told: Sequence[Told], spans: Iterable[Span]
) -> SeriesBudget:
    """The budget of a series by its `minutes_shown` up to the moment asked for, of every source that counts.

    `spans` is the time that is excluded for it.
    """
    spans = list(spans)
    left = [one.minutes.without(spans) for one in told]
    minutes = chosen([one.last(level.period_ms // MINUTE_MS) for one in left])
    as_of_ms = minutes.end * MINUTE_MS
    good, bad = minutes.in_steps(FORECAST_STEP)
    budget = Budget(level.target, Counts(sum(good), sum(bad)))
    return SeriesBudget(
        app_key,
        scope,
        level,
        budget,
        as_of_ms,
        covered_minutes(min(one.first_minute for one in told) * MINUTE_MS, as_of_ms, level.period_ms),
        {name: burn_rate(level.target, _last(left, of)) for name, of in BURN_MINUTES.items()},
        exhausted_at(level.target, good, bad, FORECAST_STEP * MINUTE_MS, as_of_ms) if budget.has_data else None,
    )


def excluded_for(exclusions: Exclusions, key: SeriesKey) -> Sequence[Span]:
    """The time that does not count for a series, by all that is known today."""
    return exclusions.known_at(NEVER - 1, key.metric).spans(key.app_key, key.scope)


def _last(left: Sequence[Minutes], minutes: int) -> Counts:
    """What counts of the last so many minutes."""
    return chosen([one.last(minutes) for one in left]).counts
