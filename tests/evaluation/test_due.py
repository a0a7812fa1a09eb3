"""An objective at a boundary: since when it can be judged that was added to what was there."""

from dataclasses import replace

import pytest

from streams.evaluation.due import Due, Panes
from streams.evaluation.series import Series
from tests.model.build import DEFAULTS, MINUTE_MS, clock_ms

OBJECTIVE = DEFAULTS["webhook-delivery-15m"]
ADDED_MS = clock_ms("12:00")


@pytest.mark.parametrize(
    ("first_event", "boundary", "is_too_early"),
    [
        ("11:59", "12:01", True),
        ("11:59", "12:14", True),
        ("11:59", "12:15", False),  # its window begins when it was added
        ("12:00", "12:01", False),  # nothing was there before
    ],
)
def test_what_was_there_before_an_objective_is_judged_from_its_first_whole_window_on(
    first_event: str, boundary: str, is_too_early: bool
) -> None:
    series = Series(("com.example.app", "Jira"))
    series.add(clock_ms(first_event) // MINUTE_MS, 0, 1)
    due = Due.at(clock_ms(boundary), OBJECTIVE, MINUTE_MS, added_ms=ADDED_MS)
    assert due.is_too_early(series) is is_too_early


@pytest.mark.parametrize(("latest", "is_excused"), [(0, False), (1, True)])
def test_a_breach_is_only_excused_where_both_windows_would_be_below(latest: int, is_excused: bool) -> None:
    rule = replace(OBJECTIVE, short_ms=5 * MINUTE_MS)
    series = Series(("com.example.app", "Jira"))
    series.add(clock_ms("11:50") // MINUTE_MS, 0, 1)
    series.add(clock_ms("11:59") // MINUTE_MS, 1 - latest, latest)
    due = Due.at(clock_ms("12:00"), rule, MINUTE_MS)
    assert due.is_excused(series, Panes((), ())) is is_excused
