"""A budget level opens when so much of the budget is used, and closes 5 points below: by the budget's own fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.budgets.budget import Budget, Counts
from streams.evaluation.objective import Judge, Silence
from streams.evaluation.verdict import BELOW, MET, verdict_of
from streams.objectives.budget_levels import budget_levels
from streams.objectives.service_level import ServiceLevel

DAY_MS = 86_400_000
TARGETS = st.sampled_from([Fraction(1), Fraction(999, 1000), Fraction(99, 100), Fraction(19, 20), Fraction(1, 2)])


def service_level(target: Fraction, percent: int) -> ServiceLevel:
    return ServiceLevel("promise", "webhook-delivery-success-rate", target, 28 * DAY_MS, "apps", (percent,))


def used(target: Fraction, counts: Counts) -> Fraction | None:
    """The share of the budget that is gone; None: all of one that is nothing."""
    return Budget(target, counts).consumed


@given(target=TARGETS, percent=st.integers(1, 100), good=st.integers(0, 3_000), bad=st.integers(0, 60))
def test_it_opens_at_its_share_and_stays_until_5_points_below(
    target: Fraction, percent: int, good: int, bad: int
) -> None:
    if good + bad == 0:
        return
    (level,) = budget_levels([service_level(target, percent)])
    consumed = used(target, Counts(good, bad))
    opens = consumed is None or consumed >= Fraction(percent, 100)
    stays = consumed is None or (consumed >= Fraction(percent - 5, 100) and bad > 0)
    assert (verdict_of(level, (good, bad), None, is_breached=False) is BELOW) == opens
    assert (verdict_of(level, (good, bad), None, is_breached=True) is BELOW) == stays


@pytest.mark.parametrize(
    ("bad", "is_breached", "verdict"),
    [(7, False, MET), (8, False, BELOW), (7, True, BELOW), (6, True, MET)],
)
def test_75_of_a_thousand_events_that_may_fail(bad: int, is_breached: bool, verdict: object) -> None:
    """At 99 %, of 1,000 events 10 may fail: 75 % are 7.5, and 70 % are 7."""
    (level,) = budget_levels([service_level(Fraction(99, 100), 75)])
    assert verdict_of(level, (1_000 - bad, bad), None, is_breached=is_breached) is verdict


def test_what_a_level_is_called_and_how_it_is_told() -> None:
    (level,) = budget_levels([service_level(Fraction(99, 100), 75)])
    assert (level.name, level.severity, level.service) == ("promise/budget-75", "ticket", "apps")
    assert (level.window_ms, level.hop_ms, level.silence, level.judge) == (
        28 * DAY_MS, 300_000, Silence.HOLD, Judge.HISTORY
    )  # fmt: skip
    assert level.slo_percent == 99.25
