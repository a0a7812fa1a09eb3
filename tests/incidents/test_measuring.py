"""An incident that a person raised, by what history has counted of the apps that were named."""

import asyncio
import tracemalloc

import psycopg
import pytest

from streams.history.codec import MINUTE_MS, add_to_day
from streams.incidents.entry import RaisedBy
from streams.incidents.people import Person, Ticket, raise_incident
from streams.names import AVAILABILITY, WEBHOOK
from tests.incidents.build import Desk, incidents, patient
from tests.model.build import clock_ms

DAY_MS = 86_400_000
APPS = [f"com.example.app-{number:02}" for number in range(12)]


def count(connection: "psycopg.Connection[tuple[object, ...]]", metric: str, scope: str, good: int, bad: int) -> None:
    """So many events of each app at five past twelve."""
    day, minute = divmod(clock_ms("12:05") // MINUTE_MS, 1_440)
    for app in APPS:
        row = connection.execute(
            """insert into slo.series (app_key, metric, scope, source, first_minute) values (%s, %s, %s, 'PROD', 0)
            returning id""",
            [app, metric, scope],
        ).fetchone()
        assert row is not None
        packed = add_to_day(None, {minute: (good, bad)})
        connection.execute("insert into slo.day_counts values (%s, %s, %s)", [row[0], day, packed])


@pytest.mark.parametrize(
    ("capability", "bad", "kind", "severity"),
    [
        pytest.param("Product events", 5, "OUTAGE", "SEV2", id="half of it fails"),
        pytest.param("Product events", 4, "DEGRADATION", "SEV3", id="less than half"),
        pytest.param(None, 5, "DEGRADATION", "SEV3", id="of all that they do, less than half"),
        pytest.param("App logging", 5, "DEGRADATION", "SEV3", id="what no SLI tells of"),
    ],
)
def test_it_is_an_outage_if_half_of_what_the_apps_did_failed(
    database: str, capability: str | None, bad: int, kind: str, severity: str
) -> None:
    with psycopg.connect(database) as connection:
        count(connection, WEBHOOK.id, "Jira", 5, bad)
        count(connection, AVAILABILITY.id, "https://a.example", 15, 0)
        ticket = Ticket(
            RaisedBy.SUPPORT, "Down", APPS, clock_ms("12:00"), said={"capability": capability} if capability else None
        )
        raise_incident(connection, ticket, Person("kim"))

    async def scenario() -> None:
        at_ms = clock_ms("12:30")
        async with patient(database) as one:
            desk = Desk(one)
            await one.run(lambda connection: desk.projection.refresh(connection, at_ms, at_ms))

    asyncio.run(scenario())
    (found,) = incidents(database)
    record = found["record"]
    assert (record["kind"], record["severity"], record["start"]) == (kind, severity, "2026-03-02T12:00:00Z")


def test_one_that_is_said_to_have_begun_long_ago_costs_no_more_than_what_is_kept(database: str) -> None:
    with psycopg.connect(database) as connection:
        count(connection, WEBHOOK.id, "Jira", 5, 5)
        raise_incident(
            connection, Ticket(RaisedBy.SUPPORT, "Down", APPS, clock_ms("12:00") - 9_000 * DAY_MS), Person("kim")
        )

    async def scenario() -> None:
        at_ms = clock_ms("12:30")
        async with patient(database) as one:
            desk = Desk(one)
            await one.run(lambda connection: desk.projection.refresh(connection, at_ms, at_ms))

    tracemalloc.start()
    try:
        asyncio.run(scenario())
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (found,) = incidents(database)
    assert found["record"]["kind"] == "OUTAGE"
    assert peak_bytes < 20_000_000
