"""The forecast against one that really slides: it appends events to a list and counts the last of them."""

from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.budgets.budget import Budget, Counts, score
from streams.budgets.forecast import DAY_MS, exhausted_at, losing_days, lost_after, lowest, scores
from streams.budgets.state import BudgetState, state_of

HOURS_8_MS = DAY_MS // 3
AS_OF_MS = 20_000 * DAY_MS
TARGET = Fraction(9, 10)


def naive(target: Fraction, period: list[Counts], step_ms: int, as_of_ms: int) -> int | None:
    timeline = list(period)
    day = DAY_MS // step_ms
    for steps in range(len(period) + 1):
        window = timeline[steps:]
        good, bad = sum(counts.good for counts in window), sum(counts.bad for counts in window)
        if bad > (1 - target) * (good + bad):
            return as_of_ms + steps * step_ms
        timeline.append(timeline[-day])
    return None


def forecast(target: Fraction, period: list[Counts]) -> int | None:
    good, bad = [counts.good for counts in period], [counts.bad for counts in period]
    return exhausted_at(target, good, bad, HOURS_8_MS, AS_OF_MS)


@given(
    st.lists(st.builds(Counts, st.integers(0, 20), st.integers(0, 4)), min_size=3, max_size=30),
    st.integers(0, 20).map(lambda twentieths: Fraction(twentieths, 20)),
)
def test_it_is_when_the_sliding_window_runs_out(period: list[Counts], target: Fraction) -> None:
    assert forecast(target, period) == naive(target, period, HOURS_8_MS, AS_OF_MS)


@given(
    before=st.lists(st.builds(Counts, st.integers(0, 20), st.integers(0, 1)), max_size=2),
    period=st.lists(st.builds(Counts, st.integers(0, 20), st.sampled_from((0, 0, 0, 1))), min_size=3, max_size=30),
    target=st.sampled_from((Fraction(1, 2), Fraction(4, 5), Fraction(19, 20), Fraction(1))),
)
def test_sums_of_days_and_the_steps_of_those_with_which_it_may_run_out_tell_the_same(
    before: list[Counts], period: list[Counts], target: Fraction
) -> None:
    """The period begins and ends somewhere in a day; the first day is known as a whole only."""
    steps = [*before, *period]
    days = [total(steps[at : at + 3]) for at in range(0, len(steps), 3)]
    coming = scores(target, *zip(*period[-3:], strict=True))
    good, bad = zip(*period[-3:], strict=True)
    for dip in (None, lowest(target, [(good, bad)])):
        found = None
        for day in losing_days(target, days, total(period[-3:]), dip):
            first, stop = max(3 * day, len(before)), min(3 * day + 3, len(steps))
            rounds, rest = divmod(first - len(before), 3)
            left = score(target, total(steps[first:])) + rounds * sum(coming) + sum(coming[:rest])
            going = scores(target, *zip(*steps[first:stop], strict=True))
            found = lost_after(left, coming, going, first - len(before), 1) if found is None else found
        assert forecast(target, period) == (None if found is None else AS_OF_MS + found * HOURS_8_MS)


@given(
    parts=st.lists(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), max_size=9), max_size=3),
    target=st.sampled_from((Fraction(1, 2), Fraction(9, 10), Fraction(1))),
)
def test_the_lowest_is_that_of_scores_added_up_step_by_step(
    parts: list[list[tuple[int, int]]], target: Fraction
) -> None:
    each = [one for part in parts for one in scores(target, [good for good, _ in part], [bad for _, bad in part])]
    columns = [([good for good, _ in part], bytes(bad for _, bad in part)) for part in parts]
    assert lowest(target, columns) == min(accumulate(each, initial=0))


def total(counts: list[Counts]) -> Counts:
    return Counts(sum(one.good for one in counts), sum(one.bad for one in counts))


QUIET = Counts(100, 0)
FOUR_WEEKS = 28 * 3


def test_a_quiet_last_day_never_uses_it_up() -> None:
    assert forecast(TARGET, [QUIET] * FOUR_WEEKS) is None
    assert forecast(TARGET, [Counts()] * FOUR_WEEKS) is None


def test_what_is_used_up_is_so_now() -> None:
    assert forecast(TARGET, [Counts(0, 100)] * FOUR_WEEKS) == AS_OF_MS


def test_a_day_at_twice_the_rate_uses_it_up_in_half_the_period() -> None:
    period = [QUIET] * (FOUR_WEEKS - 3) + [Counts(80, 20)] * 3
    # 840 may fail and 60 have; each step to come adds 20: the 40th makes 860.
    assert forecast(TARGET, period) == AS_OF_MS + 40 * HOURS_8_MS


@pytest.mark.parametrize(
    ("counts", "exhausted_at_ms", "state"),
    [
        (Counts(0, 0), None, BudgetState.NO_DATA),
        (Counts(89, 11), AS_OF_MS, BudgetState.EXHAUSTED),
        (Counts(900, 75), None, BudgetState.AT_RISK),  # of 97.5
        (Counts(927, 73), None, BudgetState.MET),  # of 100
        (Counts(925, 75), None, BudgetState.AT_RISK),
        (Counts(926, 74), None, BudgetState.MET),
        (Counts(1_000, 1), AS_OF_MS + 3 * DAY_MS, BudgetState.AT_RISK),
        (Counts(1_000, 1), AS_OF_MS + 3 * DAY_MS + 1, BudgetState.MET),
        (Counts(900, 100), None, BudgetState.AT_RISK),  # all of it is used, and the target is met
    ],
)
def test_the_state_in_a_word(counts: Counts, exhausted_at_ms: int | None, state: BudgetState) -> None:
    assert state_of(Budget(TARGET, counts), AS_OF_MS, exhausted_at_ms) is state


def test_a_few_failures_among_many_are_ruled_out() -> None:
    days = [Counts(300, 1)] * 28
    assert losing_days(TARGET, days, Counts(300, 1)) == []
    assert losing_days(TARGET, days, Counts(300, 40))
