"""Budgets of an app, read from the database: what is excluded, whose word counts, and as of when."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction

import psycopg

from streams.budgets.budget import Counts
from streams.budgets.state import BudgetState
from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.history.app_budgets import app_budgets
from streams.history.budgets import SeriesBudget
from streams.history.counted_app import read_counted_app
from streams.names import AVAILABILITY, IFRAME, WEBHOOK, Metric, Topics
from streams.objectives import read_objectives
from streams.settings import Settings
from tests.history.sink import Sink, patient
from tests.model import Record
from tests.model.build import DAY_MS, check, clock_ms, delivery, record

APP = "com.example.app"
FAULT = ExclusionRule(None, WEBHOOK.id, is_planned=False, start_ms=clock_ms("12:00:30"), end_ms=clock_ms("12:01"))


def count(url: str, metric: Metric, records: Sequence[Record]) -> None:
    async def scenario() -> None:
        async with patient(url) as database:
            sink = Sink(database, Topics().input(metric), 0)
            await sink.take_over()
            sink.read(records)
            await sink.commit()

    asyncio.run(scenario())


def budgets(url: str, *exclusions: ExclusionRule) -> dict[str, SeriesBudget]:
    """By metric."""
    known = Exclusions()
    for number, exclusion in enumerate(exclusions):
        known.add(f"e-{number}", exclusion, clock_ms("11:00"))
    levels = read_objectives().service_levels
    with psycopg.connect(conninfo(url, Role.WRITER, "test")) as connection:
        return {
            one.level.metric: one for one in app_budgets(read_counted_app(connection, Settings(), APP), levels, known)
        }


def test_a_budget_is_of_what_was_counted_up_to_the_last_completed_minute(database: str) -> None:
    events = [delivery("12:00:10"), delivery("12:00:40", 500), delivery("12:01:00"), delivery("12:02:09.999")]
    count(database, WEBHOOK, events)
    budget = budgets(database)[WEBHOOK.id]
    assert budget.as_of_ms == clock_ms("12:01")
    assert budget.budget.counts == Counts(1, 1)
    assert budget.covered_minutes == 1
    assert budget.burn["1h"] == Fraction(1, 2) * 100
    assert budget.state is BudgetState.EXHAUSTED
    count(database, WEBHOOK, [delivery("12:02:10")])
    assert budgets(database)[WEBHOOK.id].budget.counts == Counts(2, 1)


def test_an_exclusion_takes_whole_minutes_out_and_its_withdrawal_puts_them_back(database: str) -> None:
    events = [delivery("12:00:10", 500), delivery("12:01:10"), delivery("12:03")]
    count(database, WEBHOOK, events)
    assert budgets(database, FAULT)[WEBHOOK.id].budget.counts == Counts(1, 0)
    assert budgets(database)[WEBHOOK.id].budget.counts == Counts(1, 1)


def test_what_is_excluded_for_another_metric_stays(database: str) -> None:
    count(database, AVAILABILITY, [check("12:00:40", 500), check("12:03")])
    assert budgets(database, FAULT)[AVAILABILITY.id].budget.counts == Counts(0, 1)


def test_the_apps_word_replaces_the_hosts_quarter_by_quarter(database: str) -> None:
    loads = [
        record(IFRAME.id, "12:00", bridgeInMillis=None),
        record(IFRAME.id, "12:01", source="APP", status="SUCCESS"),
        record(IFRAME.id, "12:15"),
        record(IFRAME.id, "12:20"),
    ]
    count(database, IFRAME, loads)
    assert budgets(database)[IFRAME.id].budget.counts == Counts(2, 0)


def test_events_of_other_groups_and_older_than_the_period_are_no_part_of_it(database: str) -> None:
    old = delivery("12:00", 500)._replace(timestamp_ms=clock_ms("12:00") + 29 * DAY_MS)
    count(
        database,
        WEBHOOK,
        [delivery("+29d 11:00"), old, delivery("+29d 11:00:01", 500, group="DFR"), delivery("+29d 11:02")],
    )
    budget = budgets(database)[WEBHOOK.id]
    assert budget.budget.counts == Counts(1, 0)
    assert budget.covered_minutes == 28 * 24 * 60


def test_an_app_that_nobody_has_heard_of_has_none(database: str) -> None:
    assert budgets(database) == {}
