"""The rows of the fleet say what the budgets of each app say, and follow what is counted, excluded and breached."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any

import psycopg
import pytest
from aiokafka import TopicPartition

from streams.budgets.budget import Budget, Counts
from streams.database.connection import conninfo
from streams.database.patient import Connection
from streams.database.roles import Role
from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.history.app_budgets import app_budgets
from streams.history.assembly import READER
from streams.history.budgets import BURN_MINUTES, SeriesBudget
from streams.history.counted_app import read_counted_app
from streams.history.documents import budget_item
from streams.history.fleet_budgets import FleetBudgets
from streams.history.fleet_budgets import put as put_rows
from streams.history.screening import Place
from streams.names import AVAILABILITY, IFRAME, WEBHOOK, Metric, Topics
from streams.objectives import read_objectives
from streams.objectives.service_level import ServiceLevel
from streams.settings import Settings
from tests.history.judging_sink import JudgingSink
from tests.history.sink import LATENESS_MS, Sink, fold, patient
from tests.model import Record
from tests.model.build import DAY_MS, check, clock_ms, delivery, record

LEVELS = read_objectives().service_levels
APPS = ("com.example.one", "com.example.two", "com.example.three")
MINUTES = 3_000


def at(minute: int) -> str:
    day, of_day = divmod(minute, 1_440)
    return f"+{day}d {of_day // 60:02}:{of_day % 60:02}:30"


def load(minute: int, app: str, source: str, *, good: bool) -> Record:
    how: dict[str, Any] = (
        {"bridgeInMillis": 900 if good else None} if source == "HOST" else {"status": "SUCCESS" if good else "FAIL"}
    )
    return record(IFRAME.id, at(minute), app=app, **{"source": source, "bridgeInMillis": None, "status": None, **how})


def events(metric: Metric, seed: int, share: float = 0.97) -> list[Record]:
    """Two days and a bit of three apps: each is silent on another day, and the last never fails."""
    rng = Random(seed)
    found = []
    for minute in sorted(rng.sample(range(MINUTES), 300)):
        app = rng.choice([app for day, app in enumerate(APPS) if day != minute // 1_440])
        good = app == APPS[2] or rng.random() < share
        if metric is IFRAME:
            found.append(load(minute, app, rng.choice(("HOST", "HOST", "APP")), good=good))
        elif metric is WEBHOOK:
            found.append(delivery(at(minute), 204 if good else 500, app=app))
        else:
            found.append(check(at(minute), 200 if good else None, app=app))
    return found


def count(url: str, metric: Metric, records: Sequence[Record]) -> None:
    """Half of them are folded, so that the sum of a day lies in two places."""

    async def scenario() -> None:
        async with patient(url) as database:
            sink = Sink(database, Topics().input(metric), 0)
            await sink.take_over()
            half = len(records) // 2
            for some in (records[:half], records[half:]):
                await fold(database)
                sink.read(some)
                await sink.commit()

    asyncio.run(scenario())


def keep(
    url: str, *metrics: Metric, exclusions: Exclusions | None = None, levels: Sequence[ServiceLevel] = LEVELS
) -> None:
    async def scenario() -> None:
        async with patient(url) as database:
            fleet = FleetBudgets(database, levels, exclusions or Exclusions(), LATENESS_MS, reader=READER)
            for metric in metrics:
                fleet.begin(TopicPartition(Topics().input(metric), 0), Place(metric.id, 0, 1))
            await fleet.keep()

    asyncio.run(scenario())


def rows(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select app_key, scope, slo, target, good, bad, covered_minutes, state, consumed, remaining_events, "
            "burn_1h, burn_6h, burn_1d, burn_3d, exhausted_at_ms, as_of_ms, breached "
            "from slo.budget order by app_key, metric, scope, slo"
        ).fetchall()


def expected(url: str, exclusions: Exclusions, levels: Sequence[ServiceLevel] = LEVELS) -> list[tuple[Any, ...]]:
    found = []
    with psycopg.connect(conninfo(url, Role.WRITER, "test")) as connection:
        for app in APPS:
            for one in app_budgets(read_counted_app(connection, Settings(), app), levels, exclusions):
                item = budget_item(one, is_breached=False)
                names = ("goodCount", "badCount", "coveredMinutes", "state", "consumed", "remainingEvents")
                told = (*(item[name] for name in names), *item["burn"].values(), one.exhausted_at_ms)
                found.append((app, one.scope, one.level.name, item["target"], *told, one.as_of_ms, False))
    return sorted(found, key=lambda row: (row[0], row[2]))


FAULTS = (
    ExclusionRule(None, None, is_planned=False, start_ms=clock_ms("+1d 03:00:20"), end_ms=clock_ms("+1d 09:10")),
    ExclusionRule(APPS[0], None, is_planned=False, start_ms=clock_ms("23:00"), end_ms=clock_ms("+1d 01:00:01")),
    ExclusionRule(APPS[2], WEBHOOK.id, is_planned=False, start_ms=clock_ms("+2d 01:00"), end_ms=None),
)


def some_faults(seed: int) -> list[ExclusionRule]:
    """Of any length, for one app or all, at any time: some begin amid the first hour, some never end."""
    rng = Random(seed)
    start_ms, length_ms = clock_ms("00:00"), MINUTES * 60_000
    found = []
    for _ in range(rng.randrange(1, 8)):
        at_ms = start_ms + rng.randrange(-3_600_000, length_ms)
        end_ms = at_ms + int(length_ms * rng.random() ** 3)
        app, metric = rng.choice((None, *APPS)), rng.choice((None, IFRAME.id, WEBHOOK.id))
        ends_ms = rng.choice((end_ms, end_ms, end_ms, None))
        found.append(ExclusionRule(app, metric, is_planned=False, start_ms=at_ms, end_ms=ends_ms))
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("faults", [(), FAULTS, *map(some_faults, range(5))])
def test_the_rows_say_what_the_app_pages_say(database: str, seed: int, faults: Sequence[ExclusionRule]) -> None:
    metrics = (AVAILABILITY, IFRAME, WEBHOOK)
    known = Exclusions()
    for number, fault in enumerate(faults):
        known.add(str(number), fault, clock_ms("12:00"))
    for metric in metrics:
        count(database, metric, events(metric, seed))
    keep(database, *metrics, exclusions=known)
    assert sorted(rows(database), key=lambda row: (row[0], row[2])) == expected(database, known)
    assert len(rows(database)) == 9


@pytest.mark.parametrize("seed", range(3))
def test_a_budget_that_is_nearly_used_up_is_told_as_the_app_pages_tell_it(database: str, seed: int) -> None:
    metrics, foreseen, known = (AVAILABILITY, IFRAME, WEBHOOK), 0, Exclusions()
    for metric in metrics:
        count(database, metric, events(metric, seed, 0.93))
    known.add("fault", FAULTS[1], clock_ms("12:00"))
    for period_ms in (DAY_MS // 2, DAY_MS, DAY_MS + 7 * 60_000, 2 * DAY_MS):
        levels = [replace(level, period_ms=period_ms, target=Fraction(9, 10)) for level in LEVELS]
        keep(database, *metrics, exclusions=known, levels=levels)
        told = sorted(rows(database), key=lambda row: (row[0], row[2]))
        assert told == expected(database, known, levels)
        foreseen += sum(at_ms is not None and at_ms > as_of_ms for *_, at_ms, as_of_ms, _ in told)
    assert foreseen


def test_a_period_of_a_day_has_burn_rates_of_three(database: str) -> None:
    levels = [replace(level, period_ms=DAY_MS) for level in LEVELS]
    count(database, WEBHOOK, [*events(WEBHOOK, 1), delivery(at(MINUTES + 1), app=APPS[0])])
    keep(database, WEBHOOK, levels=levels)
    assert sorted(rows(database), key=lambda row: (row[0], row[2])) == expected(database, Exclusions(), levels)
    count(database, WEBHOOK, [delivery(at(0), 500, app=APPS[2])])
    with psycopg.connect(conninfo(database, Role.WRITER, "test")) as connection:
        (budget,) = app_budgets(read_counted_app(connection, Settings(), APPS[2]), levels, Exclusions())
    assert budget.budget.counts.bad == 0
    assert budget.burn["1d"] == 0
    assert budget.burn["3d"]


def test_budgets_of_an_slo_that_is_gone_are_gone_even_if_it_was_the_metrics_last(database: str) -> None:
    count(database, WEBHOOK, events(WEBHOOK, 1))
    keep(database, WEBHOOK)
    assert rows(database)
    keep(database, WEBHOOK, levels=[level for level in LEVELS if level.metric != WEBHOOK.id])
    assert rows(database) == []


def test_what_comes_late_and_what_is_breached_is_told_in_the_next_round(database: str) -> None:
    app = "com.example.app"

    async def scenario() -> None:
        async with patient(database) as connections:
            known = Exclusions()
            fleet = FleetBudgets(connections, LEVELS, known, LATENESS_MS, reader=READER)
            sink = JudgingSink(connections, Topics().input(WEBHOOK), ())
            await sink.take_over()
            fleet.begin(TopicPartition(sink.topic, 0), Place(WEBHOOK.id, 0, 1))
            await fleet.keep()
            assert rows(database) == []
            sink.read([delivery("12:00:00"), delivery("12:05:00")])
            await sink.commit()
            await fleet.keep()
            assert [(row[4:6], row[7], row[-1]) for row in rows(database)] == [((1, 0), "MET", False)]
            sink.read([delivery("12:03:00", 500)])
            await sink.commit()
            with psycopg.connect(database) as connection:
                connection.execute(
                    "insert into slo.alert values "
                    "('i', 'BREACH', %s, %s, 'Jira', 'o', 'page', 'r', null, 0, 0, 0, 0, 0, '{}')",
                    [app, WEBHOOK.id],
                )
            await fleet.keep()
            assert [(row[4:6], row[7], row[-1]) for row in rows(database)] == [((1, 1), "EXHAUSTED", True)]
            fault = ExclusionRule(None, None, is_planned=False, start_ms=clock_ms("12:03"), end_ms=clock_ms("12:04"))
            known.add("fault", fault, clock_ms("13:00"))
            await fleet.keep()
            assert [(row[4:6], row[7], row[-1]) for row in rows(database)] == [((1, 0), "MET", True)]
            known.add("fault", None, clock_ms("14:00"))
            with psycopg.connect(database) as connection:
                connection.execute("insert into slo.alert select incident_id, 'RECOVERY', app_key, metric, scope, "
                                   "objective, severity, reason, null, 0, 0, 0, 0, 1, '{}' from slo.alert")  # fmt: skip
            await fleet.keep()
            assert [(row[4:6], row[7], row[-1]) for row in rows(database)] == [((1, 1), "EXHAUSTED", False)]

    asyncio.run(scenario())


def test_an_app_for_which_something_is_excluded_does_not_wait_for_its_turn(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def put(connection: Connection, budgets: list[SeriesBudget]) -> None:
        told.extend(one.app_key for one in budgets)
        await put_rows(connection, budgets)

    async def scenario() -> None:
        async with patient(database) as connections:
            known = Exclusions()
            fleet = FleetBudgets(connections, LEVELS, known, LATENESS_MS, reader=READER)
            fleet.begin(TopicPartition(Topics().input(WEBHOOK), 0), Place(WEBHOOK.id, 0, 1))
            await fleet.keep()
            in_turn = list(told)
            assert sorted(in_turn) == sorted(APPS)
            fault = replace(FAULTS[0], app_key=in_turn[-1])
            for number, change in enumerate((fault, replace(fault, end_ms=None), None)):
                told.clear()
                known.add("fault", change, clock_ms("12:00") + number)
                await fleet.keep()
                assert told == [in_turn[-1], *in_turn]
            told.clear()
            known.add("another", FAULTS[0], clock_ms("12:00"))
            await fleet.keep()
            assert told == in_turn

    monkeypatch.setattr("streams.history.fleet_budgets.put", put)
    monkeypatch.setattr("streams.history.fleet_budgets.PAGE", 1)
    count(database, WEBHOOK, events(WEBHOOK, 1))
    asyncio.run(scenario())


ODD_SCOPES = ("", "NULL", 'a "b" \\ {c, d}', "ä\t'x'")


def budget_of(scope: str, as_of_ms: int) -> SeriesBudget:
    level = LEVELS[0]
    counts = Counts(as_of_ms, as_of_ms // 2)
    share = None if as_of_ms == 1 else Fraction(1, 3)
    burn = dict.fromkeys(BURN_MINUTES, share)
    return SeriesBudget(APPS[0], scope, level, Budget(level.target, counts), as_of_ms, 1, burn, exhausted_at_ms=None)


def test_rows_are_changed_added_and_never_put_in_place_of_later_ones(database: str) -> None:
    one, two, *others = ODD_SCOPES

    async def scenario() -> list[tuple[object, ...]]:
        async with patient(database) as connections:
            for as_of_ms, scopes in ((2, [two]), (1, [one, two, *others]), (3, [one])):
                page = [budget_of(scope, as_of_ms) for scope in scopes]
                await connections.run(partial(put_rows, budgets=page))

            async def read(connection: Connection) -> list[tuple[object, ...]]:
                query = b"select scope, as_of_ms, good, bad, remaining_events, burn_1h, exhausted_at_ms from budget"
                return await (await connection.execute(query)).fetchall()

            return await connections.run(read)

    as_of_ms = {one: 3, two: 2} | dict.fromkeys(others, 1)
    expected = []
    for scope, at_ms in as_of_ms.items():
        budget = budget_of(scope, at_ms).budget
        expected.append((scope, at_ms, at_ms, at_ms // 2, budget.remaining_events, None if at_ms == 1 else 1 / 3, None))
    assert sorted(asyncio.run(scenario()), key=str) == sorted(expected, key=str)
