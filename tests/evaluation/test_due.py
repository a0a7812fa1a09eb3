"""An objective at a boundary: since when it can be judged that was added to what was there."""

from dataclasses import replace
from fractions import Fraction

import pytest

from streams.evaluation.budget_level import BudgetLevel
from streams.evaluation.due import Due, Panes
from streams.evaluation.series import Series
from streams.evaluation.transition import ObjectiveState
from streams.evaluation.verdict import Verdict
from streams.names import WEBHOOK
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


def test_a_breach_is_not_excused_by_what_leaves_it_one() -> None:
    series = Series(("com.example.app", "Jira"))
    series.add(clock_ms("11:50") // MINUTE_MS, 0, 1)
    due = Due.at(clock_ms("12:00"), OBJECTIVE, MINUTE_MS)
    assert not due.is_excused(series, due.whole)


LEVEL = BudgetLevel("level", WEBHOOK.id, 60 * MINUTE_MS, MINUTE_MS, Fraction(1, 2), closing_budget=Fraction(1, 4))


def used(good: int, bad: int) -> Series:
    series = Series(("com.example.app", "Jira"))
    series.add(clock_ms("11:50") // MINUTE_MS, good, bad)
    return series


def test_what_has_opened_a_level_stays_open_while_more_than_its_closing_level_is_used() -> None:
    due = Due.at(clock_ms("12:00"), LEVEL, MINUTE_MS)
    verdicts = [
        due.verdict(used(good, 3), due.whole, (good, 3), ObjectiveState(at_ms))
        for good in (6, 9, 10)
        for at_ms in (None, clock_ms("11:00"))
    ]
    assert verdicts == [Verdict.MET, Verdict.BELOW, Verdict.MET, Verdict.BELOW, Verdict.MET, Verdict.MET]


def test_only_what_opens_a_level_is_excused_before_it_is_open_and_what_keeps_it_open_afterwards() -> None:
    due, between = Due.at(clock_ms("12:00"), LEVEL, MINUTE_MS), used(6, 3)
    assert not due.is_excused(between, Panes((), ()))
    assert due.is_excused(used(1, 3), Panes((), ()))
    excused = due.verdict(between, Panes((), ()), (0, 0), ObjectiveState(clock_ms("11:00")))
    assert excused is Verdict.EXCUSED


def test_what_is_left_is_judged_by_what_opens_a_level() -> None:
    series = used(6, 3)
    series.add(clock_ms("11:40") // MINUTE_MS, 0, 4)
    left = clock_ms("11:50") // MINUTE_MS
    due = Due.at(clock_ms("12:00"), LEVEL, MINUTE_MS)
    assert due.is_excused(series, Panes(((left, left + 1),), None))


@pytest.mark.parametrize(("bad", "stays"), [(0, False), (1, True)])
def test_a_level_that_closes_at_nothing_stays_open_while_anything_failed(bad: int, stays: bool) -> None:
    assert replace(LEVEL, closing_budget=Fraction(0)).stays_below(1_000, bad) is stays
