"""What a rule sees of the budget: drawn from sums, and counted one by one."""

from fractions import Fraction
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from streams.history.burn import can_be_drawn, rule_burn
from streams.history.codec import MINUTE_MS
from streams.history.minutes import Minutes

START, AHEAD, LENGTH = 29_540_160, 40, 60  # minutes
TARGET = Fraction(99, 100)


def rule(window: int, short: int | None, hop: int, budget: Fraction) -> Objective:
    short_ms = None if short is None else short * MINUTE_MS
    return Objective("rule", "m", window * MINUTE_MS, hop * MINUTE_MS, budget, short_ms=short_ms)


def naive(one: Objective, minutes: Minutes, boundary: int, length_ms: int | None) -> float | None:
    """The burn rate over one window."""
    if length_ms is None:
        return None
    good, bad = minutes.between(boundary - length_ms // MINUTE_MS, boundary).counts
    return bad / (good + bad) / float(1 - TARGET) if good + bad else None


@given(
    seed=st.integers(0, 1_000),
    window=st.sampled_from([10, 20]),
    short=st.sampled_from([None, 5]),
    hop=st.sampled_from([1, 5]),
    step=st.sampled_from([1, 5, 15]),
    counted=st.integers(0, LENGTH),
)
@example(seed=0, window=20, short=None, hop=5, step=15, counted=46)  # the last step has just begun
@settings(max_examples=80, deadline=None)
def test_a_step_shows_its_boundary_that_was_nearest_to_firing(
    seed: int, window: int, short: int | None, hop: int, step: int, counted: int
) -> None:
    one = rule(window, short, hop, Fraction(1, 10))
    chance = Random(seed)
    good, bad = ([chance.choice([0, 0, 0, 1, 5]) for _ in range(AHEAD + LENGTH)] for _ in range(2))
    minutes = Minutes(START - AHEAD, good, bad)
    end = START + counted
    found = rule_burn(one, TARGET, [minutes], [], START * MINUTE_MS, step * MINUTE_MS, LENGTH // step, end * MINUTE_MS)
    assert found.threshold == 10
    assert len(found.long) == LENGTH // step
    verdict = False
    for at, rate in enumerate(found.long):
        first, last = START + at * step, START + (at + 1) * step
        boundaries = [minute for minute in range(first + 1, last + 1) if minute % hop == 0 and minute <= end]
        if first >= end:
            assert rate is None
            continue
        boundaries = boundaries or [first // hop * hop]
        told = [
            [naive(one, minutes, boundary, length) for length in (one.window_ms, one.short_ms) if length is not None]
            for boundary in boundaries
        ]
        nearest = max(told, key=lambda rates: min(-1.0 if each is None else each for each in rates))
        drawn = [rate] if found.short is None else [rate, found.short[at]]
        assert drawn == [None if each is None else round(each, 3) for each in nearest]
        verdict = all(each is not None and each > 10 for each in told[-1])
    if counted:
        assert found.is_below == verdict


def test_time_that_is_excluded_burns_nothing() -> None:
    one = rule(10, 5, 1, Fraction(1, 10))
    minutes = Minutes(START - 20, [1] * 30, [1] * 30)
    span = ((START - 20) * MINUTE_MS, START * MINUTE_MS)
    found = rule_burn(one, TARGET, [minutes], [span], START * MINUTE_MS, MINUTE_MS, 10, (START + 10) * MINUTE_MS)
    assert found.long == [50.0] * 10
    whole = ((START - 20) * MINUTE_MS, (START + 10) * MINUTE_MS)
    found = rule_burn(one, TARGET, [minutes], [whole], START * MINUTE_MS, MINUTE_MS, 10, (START + 10) * MINUTE_MS)
    assert found.long == [None] * 10
    assert not found.is_below


def test_what_has_no_burn_rate_by_the_minute_is_not_drawn() -> None:
    one = rule(10, None, 1, Fraction(1, 10))
    assert can_be_drawn(one, TARGET)
    assert not can_be_drawn(one, Fraction(1))
    assert not can_be_drawn(Objective("fast", "m", 60_000, 10_000, Fraction(1, 10)), TARGET)
