"""What counts say of an objective, with and without a short window."""

from dataclasses import replace
from fractions import Fraction

import pytest

from streams.evaluation.objective import Objective, Silence
from streams.evaluation.verdict import Counts, Verdict, is_excused, verdict_of

ONE_PERCENT = Objective("o", "webhook-delivery-success-rate", 900_000, 60_000, Fraction(1, 100), minimum_events=10)
MULTIWINDOW = replace(ONE_PERCENT, short_ms=300_000)
HOLDS = replace(MULTIWINDOW, silence=Silence.HOLD)
GOOD, EXACT, BELOW, NONE, FEW = (100, 0), (99, 1), (98, 2), (0, 0), (0, 9)


@pytest.mark.parametrize("is_breached", [False, True])
@pytest.mark.parametrize(
    ("window", "verdict"),
    [
        (NONE, Verdict.SILENCE),
        (FEW, Verdict.TOO_FEW_EVENTS),
        (GOOD, Verdict.MET),
        (EXACT, Verdict.MET),
        (BELOW, Verdict.BELOW),
    ],
)
def test_a_single_window(window: Counts, verdict: Verdict, is_breached: bool) -> None:
    assert verdict_of(ONE_PERCENT, window, None, is_breached=is_breached) is verdict


@pytest.mark.parametrize(
    ("window", "short", "verdict"),
    [
        pytest.param(BELOW, BELOW, Verdict.BELOW, id="both are below"),
        pytest.param(BELOW, (0, 1), Verdict.BELOW, id="the minimum is asked of the lookback alone"),
        pytest.param(BELOW, EXACT, Verdict.MET, id="it is over by now"),
        pytest.param(GOOD, BELOW, Verdict.MET, id="a moment is no trend"),
        pytest.param(BELOW, NONE, Verdict.MET, id="nothing lately"),
        pytest.param(NONE, NONE, Verdict.SILENCE, id="nothing at all"),
        pytest.param(FEW, FEW, Verdict.TOO_FEW_EVENTS, id="too few"),
    ],
)
def test_with_a_short_window_both_have_to_be_below(window: Counts, short: Counts, verdict: Verdict) -> None:
    assert verdict_of(MULTIWINDOW, window, short, is_breached=False) is verdict
    assert verdict_of(MULTIWINDOW, window, short, is_breached=True) is verdict
    assert verdict_of(HOLDS, window, short, is_breached=False) is verdict


def test_nothing_lately_holds_a_breach_while_the_lookback_is_below() -> None:
    assert verdict_of(HOLDS, BELOW, NONE, is_breached=True) is Verdict.HELD
    assert verdict_of(HOLDS, EXACT, NONE, is_breached=True) is Verdict.MET


def test_spending_the_budget_is_not_below_in_a_short_window_without_an_event() -> None:
    at_budget = replace(MULTIWINDOW, breach_at_budget=True)
    assert verdict_of(at_budget, EXACT, EXACT, is_breached=False) is Verdict.BELOW
    assert verdict_of(at_budget, EXACT, NONE, is_breached=False) is Verdict.MET


@pytest.mark.parametrize(
    ("with_all", "left", "excused"),
    [
        (Verdict.BELOW, Verdict.MET, True),
        (Verdict.BELOW, Verdict.SILENCE, True),
        (Verdict.BELOW, Verdict.TOO_FEW_EVENTS, True),
        (Verdict.HELD, Verdict.SILENCE, True),
        (Verdict.BELOW, Verdict.BELOW, False),
        (Verdict.BELOW, Verdict.HELD, False),
        (Verdict.MET, Verdict.SILENCE, False),
        (Verdict.SILENCE, Verdict.SILENCE, False),
    ],
)
def test_an_exclusion_excuses_what_would_be_a_breach_without_it(
    with_all: Verdict, left: Verdict, excused: bool
) -> None:
    assert is_excused(with_all, left) is excused
