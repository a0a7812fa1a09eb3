"""Steps of a chart against the minutes that they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.history.codec import MINUTE_MS
from streams.history.latency import bucket_of, place_in
from streams.history.minutes import Minutes
from streams.history.steps import PERCENTS, in_steps

START = 29_540_160  # a multiple of a quarter of an hour
SLOT = START // 5
COUNTS = st.lists(st.integers(0, 3), min_size=60, max_size=60)


@given(COUNTS, COUNTS, st.tuples(st.integers(-5, 65), st.integers(-5, 65)), st.sampled_from((1, 5, 60)))
def test_what_counts_and_what_is_excluded_is_all_there_was(
    good: list[int], bad: list[int], span: tuple[int, int], step: int
) -> None:
    spans = [((START + span[0]) * MINUTE_MS, (START + span[1]) * MINUTE_MS)]
    steps = in_steps([Minutes(START, good, bad)], [{}], spans, step)
    for number in range(60 // step):
        of_step = range(number * step, (number + 1) * step)
        is_out = {at for at in of_step if span[0] <= at < span[1]}
        assert steps.good[number] == sum(good[at] for at in of_step if at not in is_out)
        assert steps.bad[number] == sum(bad[at] for at in of_step if at not in is_out)
        assert steps.excluded[number] == sum(good[at] + bad[at] for at in is_out)


def test_latencies_are_those_of_who_counts() -> None:
    nothing, one = [0] * 720, [0] * 715 + [1] + [0] * 4
    told = [Minutes(START, [1] * 720, nothing), Minutes(START, one, nothing)]
    by_host = {place_in(SLOT + at, bucket_of(100.0)): 1 for at in range(144)}
    by_app = {place_in(SLOT + 143, bucket_of(5_000.0)): 1}
    steps = in_steps(told, [by_host, by_app], [], 5)
    assert steps.good == [5] * 141 + [0, 0, 1]
    p50 = steps.percentiles[50]
    assert p50[140] == pytest.approx(100, rel=0.045)
    assert p50[141:143] == [None, None]
    assert p50[143] == pytest.approx(5_000, rel=0.045)


def test_steps_shorter_than_latencies_are_kept_by_have_none() -> None:
    steps = in_steps([Minutes(START, [1] * 10, [0] * 10)], [{place_in(SLOT, bucket_of(100.0)): 1}], [], 1)
    assert steps.percentiles == {percent: [None] * 10 for percent in PERCENTS}
