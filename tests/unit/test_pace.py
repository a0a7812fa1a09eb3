"""How long a partition rests between two commits."""

import pytest

from streams.unit.pace import BACKLOG_RECORDS, LONGEST_S, has_rested, least_rest_s


@pytest.mark.parametrize(
    ("interval_s", "took_s", "least_s"),
    [
        pytest.param(0.5, 0.001, 0.25, id="half an interval"),
        pytest.param(0.5, 0.05, 1.0, id="twenty times what the commit took"),
        pytest.param(0.5, 60.0, LONGEST_S, id="never longer than the longest"),
        pytest.param(60.0, 0.0, LONGEST_S, id="nor with a long interval"),
    ],
)
def test_the_least_rest(interval_s: float, took_s: float, least_s: float) -> None:
    assert least_rest_s(interval_s, took_s) == least_s


def rests_s(least_s: float, *lags: int | None) -> float:
    """How long it rests, if these are the lags after each least rest, and the last of them stays."""
    rested_s, coming = least_s, list(lags)
    while not has_rested(rested_s, least_s, coming[0]):
        rested_s += least_s
        coming = coming[1:] or coming
    return rested_s


@pytest.mark.parametrize("lag", [None, 0, BACKLOG_RECORDS - 1])
def test_what_is_caught_up_rests_no_longer_than_it_has_to(lag: int | None) -> None:
    assert rests_s(0.25, lag) == 0.25


@pytest.mark.parametrize("least_s", [0.005, 0.25, 2.0, 5.0])
def test_behind_a_backlog_it_rests_the_longest(least_s: float) -> None:
    assert LONGEST_S - least_s < rests_s(least_s, BACKLOG_RECORDS) <= LONGEST_S


def test_it_rests_no_longer_once_the_backlog_is_gone() -> None:
    assert rests_s(0.25, 500_000, 200_000, 30_000) == 0.75
