"""How long a partition rests between two commits."""

import pytest

from streams.ownership.pace import BACKLOG_RECORDS, LEAST_BEHIND_S, LONGEST_S, rest_s


@pytest.mark.parametrize("lag", [None, 0, BACKLOG_RECORDS - 1])
@pytest.mark.parametrize(
    ("interval_s", "took_s", "rested_s"),
    [
        pytest.param(0.5, 0.001, 0.25, id="half an interval"),
        pytest.param(0.5, 0.05, 1.0, id="twenty times what the commit took"),
        pytest.param(0.5, 60.0, LONGEST_S, id="never longer than the longest"),
        pytest.param(60.0, 0.0, LONGEST_S, id="nor with a long interval"),
    ],
)
def test_what_is_caught_up(interval_s: float, took_s: float, rested_s: float, lag: int | None) -> None:
    assert rest_s(interval_s, took_s, lag) == rested_s


@pytest.mark.parametrize(
    ("interval_s", "took_s", "rested_s"),
    [
        pytest.param(0.5, 0.001, LEAST_BEHIND_S, id="late alerts wait for others"),
        pytest.param(4.0, 0.001, 2.0, id="half an interval, if that is more"),
        pytest.param(0.5, 0.025, 2.5, id="a hundred times what the commit took"),
        pytest.param(0.5, 0.2, LONGEST_S, id="never longer than the longest"),
    ],
)
def test_behind_a_backlog(interval_s: float, took_s: float, rested_s: float) -> None:
    assert rest_s(interval_s, took_s, BACKLOG_RECORDS) == rested_s
