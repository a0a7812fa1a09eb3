"""Common cause on a real PostgreSQL: breaches that history stored become incidents."""

import asyncio
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from streams.names import INSTALLATION
from tests.history.alerts import alert
from tests.incidents.build import Desk, clock_ms, fault, file, incidents, patient, rows

Scenario = Callable[[Desk], Awaitable[None]]
OF_ALL = ("product-metric", "Jira/webhook-delivery-success-rate")


def play(url: str, scenario: Scenario) -> list[str]:
    """What was told, by its subject."""

    async def run() -> list[str]:
        async with patient(url) as database:
            desk = Desk(database)
            await scenario(desk)
            return [one.subject for one in desk.told]

    return asyncio.run(run())


def test_a_dozen_apps_that_breach_at_once_are_a_candidate_and_operators_are_told(database: str) -> None:
    async def scenario(desk: Desk) -> None:
        await file(desk.database, fault(12, "12:00"))
        await desk.until("12:01")

    told = play(database, scenario)
    (one,) = incidents(database)
    assert one["verdict"] == "CANDIDATE"
    assert one["state"] == "TRIAGE"
    assert one["start_ms"] == clock_ms("12:00")
    assert one["record"]["commonCause"] == {"kind": "product-metric", "name": "Jira/webhook-delivery-success-rate"}
    assert one["record"]["severity"] == "SEV3"  # 12 apps, of which nobody knows yet that it is an outage
    assert one["record"]["apps"] == [f"com.example.app-{number:02}" for number in range(12)]
    assert told[0] == "Candidate: Jira Webhook Delivery Success Rate of many apps (SEV3)"
    (published,) = rows(database, "select topic, key from outbox where topic = 'slo.incidents.v1' limit 1")
    assert published == {"topic": "slo.incidents.v1", "key": one["id"]}


def test_judged_once_whatever_comes_later(database: str) -> None:
    async def scenario(desk: Desk) -> None:
        await file(desk.database, fault(12, "12:00"))
        await desk.until("12:05")
        await desk.until("12:05")
        await Desk(desk.database).until("12:06")  # another desk

    play(database, scenario)
    assert len(incidents(database)) == 1
    assert len(rows(database, "select from outbox")) == 1


def test_resolved_half_an_hour_after_few_are_breached(database: str) -> None:
    async def scenario(desk: Desk) -> None:
        await file(desk.database, fault(12, "12:00", "12:20"))
        await desk.until("13:00")

    play(database, scenario)
    (one,) = incidents(database)
    assert (one["state"], one["ended_ms"]) == ("RESOLVED", clock_ms("12:20"))
    assert rows(database, "select at_ms from incident_entry where act = 'STATE'") == [{"at_ms": clock_ms("12:50")}]


def test_what_arrives_after_its_boundary_counts_at_the_next(database: str) -> None:
    async def scenario(desk: Desk) -> None:
        await file(desk.database, fault(2, "12:00"))
        await desk.until("12:10")
        assert not incidents(database)
        await file(desk.database, fault(6, "12:01")[2:])
        await desk.until("12:11")

    play(database, scenario)
    (one,) = incidents(database)
    assert one["record"]["appCount"] == 6
    assert one["record"]["detectedAt"] == "2026-03-02T12:11:00Z"


def test_what_arrives_when_it_has_left_the_window_counts_no_more(database: str) -> None:
    """Four at 12:01, told of at 12:16, are in (12:01, 12:16] no longer; those of 12:02 are."""

    async def scenario(desk: Desk) -> None:
        await desk.until("12:15")
        await file(desk.database, fault(4, "12:01"))
        await desk.until("12:16")
        assert not incidents(database)
        await desk.until("12:20")

    play(database, scenario)
    assert not incidents(database)


def test_one_partner_is_its_own_incident_with_nothing_proposed(database: str) -> None:
    async def scenario(desk: Desk) -> None:
        await file(desk.database, fault(12, "12:00", partner="Acme"))
        await desk.until("12:01")

    play(database, scenario)
    (one,) = incidents(database)
    assert one["record"]["commonCause"] == {"kind": "partner", "name": "name:Acme"}


@pytest.mark.parametrize(
    ("ids", "names", "units", "place"),
    [
        pytest.param(["acme"] * 12, [f"Name {n}" for n in range(12)], 1, ("partner", "id:acme"), id="one id"),
        pytest.param([f"id-{n}" for n in range(12)], ["Acme"] * 12, 12, OF_ALL, id="ids go before a name"),
        pytest.param([None] * 12, ["Acme"] * 12, 1, ("partner", "name:Acme"), id="without an id by the name"),
        pytest.param([None] * 12, [None] * 12, 12, OF_ALL, id="without both by themselves"),
        pytest.param(["acme"] * 4 + [None] * 8, ["Acme"] * 8 + [None] * 4, 6, OF_ALL, id="some of each"),
        pytest.param(None, ["Acme"] * 12, 1, ("partner", "name:Acme"), id="not in the catalogue, by the name"),
        pytest.param(None, [None] * 12, 12, OF_ALL, id="not in the catalogue, by themselves"),
    ],
)
def test_apps_are_counted_by_the_id_of_their_partner_else_its_name_else_by_themselves(
    database: str, ids: list[str | None] | None, names: list[str | None], units: int, place: tuple[str, str]
) -> None:
    alerts = fault(12, "12:00")
    for one, name in zip(alerts, names, strict=True):
        one["appDetails"] = {"name": "Example", "partnerName": name}
    if ids is not None:
        catalogue = [
            (one["appKey"], partner, name or "") for one, partner, name in zip(alerts, ids, names, strict=True)
        ]
        with psycopg.connect(database) as connection, connection.cursor() as cursor:
            cursor.executemany(
                """insert into slo.app (app_key, name, partner_id, partner_name, email, healthcheck_urls,
                excluded_client_keys, part, "offset") values (%s, '', %s, %s, '', '{}', '{}', 0, 0)""",
                catalogue,
            )

    async def scenario(desk: Desk) -> None:
        await file(desk.database, alerts)
        await desk.until("12:01")

    play(database, scenario)
    (one,) = incidents(database)
    assert (one["scope_kind"], one["scope_name"]) == place
    assert one["record"]["appCount"] == 12
    (found,) = rows(database, "select data from incident_entry where act = 'FOUND'")
    assert found["data"]["units"] == (12 if place[0] == "partner" else units)
    assert len(rows(database, "select distinct unit from onset")) == units


def test_annulled_breaches_were_no_incident(database: str) -> None:
    async def scenario(desk: Desk) -> None:
        await file(desk.database, fault(12, "12:00"))
        await desk.until("12:01")
        recoveries = fault(12, "12:00", "12:05")[1::2]
        await file(desk.database, [{**one, "reason": "EXCLUDED"} for one in recoveries])
        await desk.until("12:06")

    play(database, scenario)
    (one,) = incidents(database)
    assert (one["verdict"], one["state"]) == ("DISMISSED", "CLOSED")


def test_only_pages_of_the_worker_count(database: str) -> None:
    async def scenario(desk: Desk) -> None:
        await file(desk.database, fault(6, "12:00", severity="ticket"))
        desk.detection = type(desk.detection)({}, ["webhook-delivery-15m"])
        await file(desk.database, [one | {"incidentId": one["incidentId"]} for one in fault(6, "12:01")])
        await desk.until("12:10")

    play(database, scenario)
    assert incidents(database) == []


def test_a_backlog_of_days_is_judged_boundary_by_boundary(database: str) -> None:
    async def scenario(desk: Desk) -> None:
        await file(desk.database, fault(12, "-3d 12:00", "-3d 12:20"))
        await file(desk.database, fault(12, "12:00"))
        await desk.until("12:30")

    play(database, scenario)
    assert [one["state"] for one in incidents(database)] == ["RESOLVED", "TRIAGE"]


def test_the_order_in_which_alerts_arrive_changes_nothing(database: str, postgres: str, migrated: str) -> None:
    from tests.database_fixture import own_database

    alerts = fault(8, "12:00", "12:20") + fault(
        5, "12:03", scope="Confluence", metricName="Confluence Webhook Delivery Success Rate"
    )
    alerts = [one for one in alerts if one["scope"] == "Jira"]

    async def once(desk: Desk) -> None:
        await file(desk.database, alerts)
        await desk.until("12:59")

    async def scattered(desk: Desk) -> None:
        for one in reversed(alerts):
            await file(desk.database, [one])
        for minute in range(60):
            await desk.until(f"12:{minute:02}")

    play(database, once)
    with own_database(postgres, template=migrated) as other:
        play(other, scattered)
        assert [one["record"] for one in incidents(other)] == [one["record"] for one in incidents(database)]


def test_installations_lag_a_day_and_hold_nothing_open(database: str) -> None:
    long = {"measurementDurationSeconds": 86_400, "windowStart": "2026-03-01T12:00:00Z"}
    assert INSTALLATION.id
    breaches = [
        alert("12:00", app=f"app-{n}", appDetails={"name": "x", "partnerName": f"P{n}"}) | long for n in range(6)
    ]

    async def scenario(desk: Desk) -> None:
        await file(desk.database, breaches)
        await desk.until("12:59")

    play(database, scenario)
    (one,) = incidents(database)
    assert one["state"] == "RESOLVED"
