"""A series holds what its host reported, and beside it what the app did."""

import pytest

from streams.evaluation.series import Series
from streams.evaluation.transition import ObjectiveState
from streams.windows.tumbling import NO_PANE


def reported(by_host: int | None, by_app: int | None) -> Series:
    """With a failure in a pane that the host reported, and one that the app did."""
    series = Series(("com.example.app", "Jira"))
    if by_host is not None:
        series.add(by_host, 0, 1)
    if by_app is not None:
        series.its_own().add(by_app, 0, 1)
    return series


def test_its_earliest_pane_is_of_whoever_reported_first() -> None:
    earliest = [reported(*panes).earliest_pane for panes in ((7, None), (None, 7), (7, 9), (9, 7), (None, None))]
    assert earliest == [7, 7, 7, 7, NO_PANE]


def test_what_the_app_reported_is_let_go_when_all_of_it_has_expired() -> None:
    series = reported(7, 7)
    series.expire(8)
    assert (series.by_app, series.latest_pane) == (None, NO_PANE)


def test_what_the_app_reported_stays_while_some_of_it_has_not_expired() -> None:
    series = reported(7, 8)
    series.expire(8)
    assert series.counted([(7, 9)]) == (0, 1)


@pytest.mark.parametrize("expired", ["host", "app"])
def test_it_was_there_before_though_nothing_of_that_is_kept(expired: str) -> None:
    series = reported(7, 9) if expired == "host" else reported(9, 7)
    (series.by_host if expired == "host" else series.its_own()).add(9, 1, 0)
    series.expire(8)
    assert series.earliest_pane == 9
    assert series.was_there(9, 1)


def test_it_was_not_there_before_its_first_event() -> None:
    series = reported(9, 9)
    assert (series.was_there(9, 1), series.was_there(10, 1)) == (False, True)


@pytest.mark.parametrize(
    ("state", "was_there"),
    [
        (ObjectiveState(9), True),
        (ObjectiveState(8), True),
        (ObjectiveState(10), False),
        (ObjectiveState(None, run=1), False),
    ],
)
def test_a_breach_tells_that_it_was_there(state: ObjectiveState, was_there: bool) -> None:
    series = reported(9, None)
    series.put("objective", state)
    assert series.was_there(9, 1) is was_there
