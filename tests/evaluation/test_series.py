"""A series holds what its host reported, and beside it what the app did."""

from streams.evaluation.series import Series
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
