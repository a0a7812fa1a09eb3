"""Targets of four weeks, judged at midnight: what is missed twice running, and what a late exclusion mends."""

import asyncio
from collections.abc import Mapping

import pytest

from streams.history.codec import add_to_day
from streams.impact.period_step import PeriodStep
from streams.impact.step import StandingStep
from streams.names import AVAILABILITY
from streams.objectives import read_objectives
from streams.settings import Settings
from streams.standing.facts import DAY_MS, Rules
from tests.desk.build import desk
from tests.impact.build import APP, DAY_0_MS, URL, Ladder

FIRST = DAY_0_MS // DAY_MS


@pytest.fixture
def ladder(database: str) -> Ladder:
    return Ladder(database)


def count(ladder: Ladder, bad: Mapping[int, int], *, good: int = 1_000, days: int = 80, minutes_from: int = 0) -> None:
    """So many good events a day at its first minute, and the bad ones at noon; minutes are kept from a day on."""
    with ladder.connect() as connection:
        ((series,),) = connection.execute(
            """insert into series (app_key, metric, scope, source, first_minute) values (%s, %s, %s, 'PROD', %s)
            returning id""",
            [APP, AVAILABILITY.id, URL, FIRST * 1_440],
        ).fetchall()
        for day in range(days):
            failed = bad.get(day, 0)
            connection.execute("insert into day_sum values (%s, %s, %s, %s)", [FIRST + day, series, good, failed])
            if day >= minutes_from:
                packed = add_to_day(None, {0: (good, 0), 720: (0, failed)})
                connection.execute("insert into day_counts values (%s, %s, %s)", [series, FIRST + day, packed])


def judge(ladder: Ladder, day: float) -> list[tuple[str, str]]:
    """Stage and reason of what is told once everything up to a day is counted."""
    ladder.passes(day)
    told: list[tuple[str, str]] = []

    async def tell(_connection: object, changes: object) -> None:
        told.extend((one.change.stage.value, one.change.reason.value) for one in changes)  # type: ignore[attr-defined]

    async def scenario() -> None:
        levels = read_objectives()
        steps = (
            PeriodStep(Settings(), levels.service_levels, Rules()),
            StandingStep(Settings(), levels.all, Rules(), tell),
        )
        async with desk(ladder.url, *steps) as one:
            while await one.turn():
                pass

    asyncio.run(scenario())
    return told


def missed(ladder: Ladder) -> set[int]:
    return {day - FIRST for (day,) in ladder.rows("select day from period_verdict where is_missed")}


def test_a_target_missed_in_two_periods_running_makes_demotion_due(ladder: Ladder) -> None:
    count(ladder, {10: 400, 40: 400})
    ladder.breach(55.5)
    assert judge(ladder, 55.9) == [("NOTIFIED", "BREACH")]
    assert judge(ladder, 56.1) == [("DEMOTION_DUE", "TARGET_MISSED")]
    assert {28, 56} <= missed(ladder)


def test_one_period_alone_is_no_reason(ladder: Ladder) -> None:
    count(ladder, {40: 400})
    ladder.breach(55.5)
    assert judge(ladder, 57) == [("NOTIFIED", "BREACH")]


def test_a_period_of_which_less_than_a_week_was_seen_is_no_reason(ladder: Ladder) -> None:
    count(ladder, {1: 400, 3: 400})
    judge(ladder, 6.5)
    assert ladder.rows("select day from period_verdict where is_covered") == []


def test_an_exclusion_that_comes_late_mends_both_and_its_withdrawal_unmends_them(ladder: Ladder) -> None:
    count(ladder, {30: 400, 40: 400}, minutes_from=25)
    ladder.breach(65.5)
    assert judge(ladder, 66) == [("NOTIFIED", "BREACH"), ("DEMOTION_DUE", "TARGET_MISSED")]
    ladder.exclude("ex-1", 40.4, 40.6)
    assert judge(ladder, 66) == [("NOTIFIED", "RETRACTED")]
    ladder.exclude("ex-1", 40.4, None, offset=1)
    assert judge(ladder, 66) == [("DEMOTION_DUE", "TARGET_MISSED")]


def test_an_exclusion_mends_the_former_of_two_periods_as_long_as_its_minutes_are_kept(ladder: Ladder) -> None:
    count(ladder, {30: 400, 40: 400}, minutes_from=25)
    ladder.breach(55.5)
    assert judge(ladder, 60) == [("NOTIFIED", "BREACH"), ("DEMOTION_DUE", "TARGET_MISSED")]
    ladder.exclude("ex-1", 30.4, 30.6)
    assert judge(ladder, 60) == [("NOTIFIED", "RETRACTED")]


def test_a_breach_stays_as_it_was_recounted_when_the_minutes_of_its_window_are_gone(ladder: Ladder) -> None:
    count(ladder, {1: 400, 5: 400})
    for day in (1.505, 5.505):
        ladder.breach(day)
    ladder.exclude("ex-1", 1.4, 1.6)
    ladder.exclude("ex-2", 5.504, 5.505, offset=1)  # of the window, but without the failures
    judge(ladder, 10)
    counted = [(one["counts"], one["why"]) for one in ladder.published()[-1]["episodes"]]
    assert counted == [(False, "excluded: ex-1"), (True, None)]
    ladder.execute("delete from day_counts")
    ladder.breach(9.5)
    judge(ladder, 10)
    assert [one["counts"] for one in ladder.published()[-1]["episodes"]] == [False, True, True]


def test_an_app_stands_by_targets_missed_long_ago(ladder: Ladder) -> None:
    count(ladder, {10: 400, 40: 400}, days=200)
    ladder.breach(55.5)
    judge(ladder, 56.1)
    assert judge(ladder, 199) == []


def test_what_succeeds_in_excluded_minutes_stays(ladder: Ladder) -> None:
    count(ladder, {40: 400})
    judge(ladder, 56)
    ladder.exclude("ex-1", 28, 56)
    judge(ladder, 56)
    query = "select good, bad, excused, is_missed from period_verdict where day = %s"
    assert ladder.rows(query, FIRST + 56) == [(28_000, 400, 400, False)]
