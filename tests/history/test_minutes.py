"""Minutes against single events: what is left out, whose word counts, and what steps come to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.budgets.budget import Counts
from streams.history.codec import MINUTE_MS
from streams.history.minutes import Minutes, chosen

START = 29_540_170  # no multiple of a quarter of an hour
COUNTS = st.lists(st.integers(0, 3), min_size=1, max_size=500)
SPANS = st.lists(
    st.tuples(st.integers(-5 * MINUTE_MS, 600 * MINUTE_MS), st.integers(-5 * MINUTE_MS, 600 * MINUTE_MS)).map(
        lambda span: (START * MINUTE_MS + span[0], START * MINUTE_MS + span[1])
    ),
    max_size=4,
)


def minutes(good: list[int], start: int = START) -> Minutes:
    return Minutes(start, good, good[::-1])


@given(COUNTS, SPANS, st.sampled_from((1, 5)))
def test_a_minute_goes_with_its_step_if_any_of_it_is_excluded(
    good: list[int], spans: list[tuple[int, int]], step: int
) -> None:
    left = minutes(good).without(spans, step)
    for at, count in enumerate(good):
        first = (START + at) // step * step
        step_ms = range(first * MINUTE_MS, (first + step) * MINUTE_MS)
        is_touched = any(a < b and a < step_ms.stop and b > step_ms.start for a, b in spans)
        assert left.good[at] == (0 if is_touched else count)
        assert left.bad[at] == (0 if is_touched else good[-1 - at])


@given(COUNTS, st.data())
def test_up_to_six_hours_the_app_is_asked_of_all_the_time(good: list[int], data: st.DataObject) -> None:
    good = good[:360]
    app = data.draw(st.lists(st.integers(0, 1), min_size=len(good), max_size=len(good)))
    found = chosen([minutes(good), Minutes(START, app, [0] * len(app))])
    assert list(found.good) == (app if any(app) else good)


@given(st.lists(st.integers(0, 3), min_size=361, max_size=500), st.data())
def test_beyond_it_is_asked_of_every_quarter_of_the_clock(good: list[int], data: st.DataObject) -> None:
    told_at = data.draw(st.sets(st.integers(0, len(good) - 1), max_size=5))
    app = [1 if at in told_at else 0 for at in range(len(good))]
    found = chosen([minutes(good), Minutes(START, [0] * len(app), app)])
    quarters = {(START + at) // 15 for at in told_at}
    for at, count in enumerate(good):
        by_app = (START + at) // 15 in quarters
        assert found.good[at] == (0 if by_app else count)
        assert found.bad[at] == (app[at] if by_app else good[-1 - at])


@pytest.mark.parametrize("length", [30, 600])
def test_an_app_that_told_only_what_is_excluded_told_nothing(length: int) -> None:
    host, app = Minutes(START, [2] * length, [0] * length), Minutes(START, [0] * length, [1] + [0] * (length - 1))
    excluded = [(START * MINUTE_MS, (START + 1) * MINUTE_MS)]
    assert chosen([one.without(excluded) for one in (host, app)]).counts == Counts(2 * (length - 1), 0)


@given(COUNTS, st.integers(1, 70))
def test_steps_add_up_and_end_with_the_last_minute(good: list[int], step: int) -> None:
    whole = minutes(good)
    in_steps, bad = whole.in_steps(step)
    assert sum(in_steps) == sum(good)
    assert len(in_steps) == len(bad) == -(-len(good) // step)
    assert in_steps[-1] == sum(good[-step:])
    assert whole.last(step).counts == Counts(in_steps[-1], bad[-1])


def test_a_part_of_the_time() -> None:
    whole = minutes([1, 2, 3, 4])
    part = whole.between(START + 1, START + 3)
    assert (part.start, list(part.good), list(part.bad), part.end) == (START + 1, [2, 3], [3, 2], START + 3)
    assert whole.last(9).start == START
