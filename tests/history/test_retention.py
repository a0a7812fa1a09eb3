"""How long counts are kept: by the time of the events, each kind for as long as it is set."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import psycopg
import pytest

from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.history.app_counts import app_counts
from streams.history.counted_app import read_counted_app
from streams.history.reading import read_exclusions
from streams.history.retention import forget, minutes_kept_ms
from streams.history.settings import HistorySettings
from streams.history.settling import settle
from streams.names import IFRAME, WEBHOOK, Metric, Topics
from streams.objectives import read_objectives
from streams.settings import Settings
from tests.history.alerts import rows
from tests.history.sink import Sink, fold, patient
from tests.model import Record
from tests.model.build import MIDNIGHT_MS, clock_ms, delivery, record

DAY_MS = 86_400_000
FIRST_DAY = MIDNIGHT_MS // DAY_MS


async def forget_in(url: str) -> None:
    """Delete what a service would that nobody has set otherwise."""
    settings = HistorySettings()
    async with patient(url) as database:
        await fold(database)
        while await database.run(lambda connection: settle(connection, settings.history_minutes)):
            pass
        await database.run(lambda connection: forget(connection, settings.history_minutes, settings.history_days))


def kept(url: str) -> tuple[list[int], list[int], list[int]]:
    """Days with minutes, days with latencies, days with sums; all since the first day."""
    return (
        [one["day"] - FIRST_DAY for one in rows(url, "select day from day_counts order by day")],
        [one["chunk"] / 4 - FIRST_DAY for one in rows(url, "select chunk from latency order by chunk")],
        [one["day"] - FIRST_DAY for one in rows(url, "select day from day_sum order by day")],
    )


def test_what_was_late_goes_with_the_minutes(database: str) -> None:
    async def scenario() -> None:
        async with patient(database) as one:
            sink = Sink(one, Topics().input(WEBHOOK), 0)
            await sink.take_over()
            sink.read([delivery("12:00"), delivery("11:00", arrives="12:00"), delivery("+1d 12:00")])
            sink.read([delivery("+1d 11:00", arrives="+1d 12:00"), delivery("+36d 00:00")])
            await sink.commit()
        await forget_in(database)

    asyncio.run(scenario())
    assert [(one["day"] - FIRST_DAY, sum(one["hours"])) for one in rows(database, "select * from late")] == [(1, 1)]


def test_minutes_go_after_35_days_and_sums_after_two_years(database: str) -> None:
    async def count(*at: str) -> None:
        async with patient(database) as one:
            sink = Sink(one, Topics().input(WEBHOOK), 0)
            await sink.take_over()
            sink.read([delivery(time, durationInMillis=7) for time in at])
            await sink.commit()
        await forget_in(database)

    asyncio.run(count("05:59", "06:00", "+1d 00:00", "+34d 23:59", "+35d 11:59"))
    assert kept(database) == ([0, 1, 34, 35], [0, 1, 34, 35], [0, 1, 34, 35])
    asyncio.run(count("+36d 00:00"))
    assert kept(database) == ([1, 34, 35, 36], [1, 34, 35, 36], [0, 1, 34, 35, 36])
    asyncio.run(count("+730d 23:59:59.999"))
    assert kept(database) == ([730], [730], [0, 1, 34, 35, 36, 730])
    asyncio.run(count("+731d 00:00"))
    assert kept(database) == ([730, 731], [730, 731], [1, 34, 35, 36, 730, 731])


def test_minutes_are_kept_as_long_as_the_longest_period_needs_them() -> None:
    (level, *_) = read_objectives().service_levels
    assert minutes_kept_ms(35 * DAY_MS, []) == 35 * DAY_MS
    assert minutes_kept_ms(35 * DAY_MS, [level]) == 35 * DAY_MS
    assert minutes_kept_ms(35 * DAY_MS, [replace(level, period_ms=90 * DAY_MS), level]) == 91 * DAY_MS


APP = "com.example.app"
EXCLUDED = """
insert into exclusion (part, "offset", id, known_ms, app_key, metric, scope, reason, start_ms, end_ms)
values (0, %s, %s, 0, %s, null, null, 'PLATFORM_FAULT', %s, %s)
"""


def day_of(url: str, metric: Metric, source: str | None = None) -> tuple[int, int, int]:
    """Good, bad and excluded events of the first day, as a chart shows them."""
    with psycopg.connect(conninfo(url, Role.WRITER, "test")) as connection:
        found = app_counts(
            read_counted_app(connection, Settings(), APP),
            metric,
            "Jira",
            read_exclusions(connection),
            MIDNIGHT_MS,
            MIDNIGHT_MS + DAY_MS,
            86_400,
            source,
        )
    assert found is not None
    steps = found.steps
    return steps.good[0], steps.bad[0], steps.excluded[0]


def count(url: str, metric: Metric, events: Sequence[Record]) -> None:
    async def scenario() -> None:
        async with patient(url) as one:
            sink = Sink(one, Topics().input(metric), 0)
            await sink.take_over()
            sink.read(events)
            await sink.commit()

    asyncio.run(scenario())


def exclude(url: str, name: str, app: str | None, start: str, end: str) -> None:
    with psycopg.connect(conninfo(url, Role.WRITER, "test")) as connection:
        connection.execute(EXCLUDED.encode(), [int(name), name, app, clock_ms(start), clock_ms(end)])


def test_a_day_counts_the_same_when_its_minutes_are_gone(database: str) -> None:
    loads = [
        record(IFRAME.id, "10:01", bridgeInMillis=None),  # the app has a word of its own in this quarter
        record(IFRAME.id, "10:02", source="APP", bridgeInMillis=None, status="SUCCESS"),
        record(IFRAME.id, "10:20"),
        record(IFRAME.id, "10:25", bridgeInMillis=None),
        record(IFRAME.id, "11:01", source="APP", bridgeInMillis=None, status="FAIL"),  # excluded: the host's counts
        record(IFRAME.id, "11:05"),
        record(IFRAME.id, "10:21", bridgeInMillis=None, group="DFR"),
        record(IFRAME.id, "10:22", source="APP", bridgeInMillis=None, status="SUCCESS", group="DFR"),
    ]
    count(database, IFRAME, loads)
    count(database, WEBHOOK, [delivery("10:00", 500), delivery("11:01:40", 500), delivery("12:00")])
    exclude(database, "1", None, "11:01", "11:01:10")
    exclude(database, "2", "com.example.other", "10:00", "12:30")
    asked = [(IFRAME, None), (WEBHOOK, None), (IFRAME, "group:DFR")]
    before = [day_of(database, *one) for one in asked]
    assert before == [(3, 1, 1), (1, 1, 1), (1, 0, 0)]
    count(database, WEBHOOK, [delivery("+36d 00:00")])
    asyncio.run(forget_in(database))
    assert kept(database)[0] == [36]
    assert [day_of(database, *one) for one in asked] == before
    assert rows(database, "select sum(good + bad) as all from day_sum")[0]["all"] == 8 + 3 + 1


def test_a_batch_that_ends_within_a_series_leaves_it_to_the_next(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.history.settling._BATCH_ROWS", 3)
    for app in ("one", "two", "three"):
        sources = ("APP", "HOST")
        loads = [
            record(IFRAME.id, at, app=app, source=source, bridgeInMillis=None, status="SUCCESS")
            for source, at in zip(sources, ("10:00", "11:00"), strict=True)
        ]
        count(database, IFRAME, loads)
    count(database, IFRAME, [record(IFRAME.id, "+36d 00:00")])
    asyncio.run(forget_in(database))
    found = rows(database, "select counted_good, counted_bad from day_sum where excluded is not null")
    assert sorted(tuple(one.values()) for one in found) == [(0, 1)] * 3 + [(1, 0)] * 3
