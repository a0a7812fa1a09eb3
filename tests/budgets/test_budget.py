"""Budgets against a naive recount of single events, in Python's own fractions."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.budgets.budget import Budget, Counts, burn_rate, score
from streams.budgets.coverage import covered_minutes

TARGETS = st.integers(0, 100_000).map(lambda thousandths: Fraction(thousandths, 100_000))
COUNTS = st.builds(Counts, st.integers(0, 10**9), st.integers(0, 10**9))
EVENTS = st.lists(st.booleans(), max_size=200)


def counted(events: list[bool]) -> Counts:
    return Counts(events.count(True), events.count(False))


@given(EVENTS, TARGETS)
def test_a_budget_is_what_the_events_say(events: list[bool], target: Fraction) -> None:
    budget = Budget(target, counted(events))
    failed = sum(not is_good for is_good in events)
    share_good = Fraction(sum(events), len(events)) if events else None
    assert budget.is_met == (share_good is None or share_good >= target)
    assert budget.allowed == len(events) * (1 - target)
    assert budget.remaining == len(events) * (1 - target) - failed
    if share_good is None:
        assert (budget.has_data, budget.consumed, budget.remaining_events) == (False, None, None)
    else:
        assert budget.remaining_events == floor(budget.remaining)
        assert budget.is_met == (budget.remaining >= 0)


@given(COUNTS, TARGETS)
def test_consumed_and_remaining_tell_the_same(counts: Counts, target: Fraction) -> None:
    budget = Budget(target, counts)
    if budget.consumed is not None:
        assert (budget.consumed <= 1) == budget.is_met
        assert budget.remaining == budget.allowed * (1 - budget.consumed)
    else:
        assert not budget.has_data or (target == 1 and counts.bad > 0)


@given(st.lists(COUNTS), TARGETS)
def test_scores_add_up(parts: list[Counts], target: Fraction) -> None:
    whole = Counts(sum(part.good for part in parts), sum(part.bad for part in parts))
    assert score(target, whole) == sum(score(target, part) for part in parts)


@given(EVENTS, TARGETS)
def test_a_burn_rate_of_one_uses_up_all(events: list[bool], target: Fraction) -> None:
    counts = counted(events)
    rate = burn_rate(target, counts)
    if not events:
        assert rate is None
    elif all(events):
        assert rate == 0
    elif target == 1:
        assert rate is None
    else:
        assert rate == Fraction(counts.bad, len(events)) / (1 - target)
        assert (rate > 1) == (not Budget(target, counts).is_met)


@pytest.mark.parametrize(
    ("bad", "consumed", "remaining", "is_met"),
    [(40, Fraction(40_000, 40_320), 0, True), (41, Fraction(41_000, 40_320), -1, False)],
)
def test_health_checks_of_four_weeks(bad: int, consumed: Fraction, remaining: int, is_met: bool) -> None:
    budget = Budget(Fraction(999, 1_000), Counts(40_320 - bad, bad))
    assert budget.allowed == Fraction(4_032, 100)
    assert (budget.consumed, budget.remaining_events, budget.is_met) == (consumed, remaining, is_met)


def test_a_target_of_all_events_has_nothing_to_spend() -> None:
    spotless, missed = Budget(Fraction(1), Counts(10, 0)), Budget(Fraction(1), Counts(9, 1))
    assert (spotless.is_met, spotless.consumed, spotless.remaining_events) == (True, Fraction(0), 0)
    assert not missed.is_met
    assert missed.consumed is None
    assert missed.remaining_events == -1


def test_no_binary_fraction_decides() -> None:
    assert Budget(Fraction("0.999"), Counts(999, 1)).is_met
    assert not Budget(Fraction("0.999"), Counts(998, 1)).is_met


MINUTE_MS = 60_000
WEEKS_MS = 28 * 86_400_000
AS_OF_MS = 30_000_000 * MINUTE_MS


@pytest.mark.parametrize(
    ("first_ms", "minutes"),
    [
        (None, 0),
        (AS_OF_MS - 10 * 86_400_000, 14_400),
        (AS_OF_MS - 10 * 86_400_000 + 59_999, 14_400),  # its minute is a counted one
        (AS_OF_MS - WEEKS_MS, 40_320),
        (0, 40_320),
        (AS_OF_MS, 0),
        (AS_OF_MS + 5 * MINUTE_MS, 0),
    ],
)
def test_coverage_begins_with_the_first_counted_minute(first_ms: int | None, minutes: int) -> None:
    assert covered_minutes(first_ms, AS_OF_MS, WEEKS_MS) == minutes
