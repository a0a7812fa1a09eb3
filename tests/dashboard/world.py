"""A small world in a database: apps of two partners and of none, each with the same story."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import orjson
import psycopg

from streams.dashboard.viewer import Viewer
from streams.incidents.published import _OF_THE_PLATFORM
from streams.names import WEBHOOK, Topics
from tests.history.alerts import alert, published
from tests.history.sink import Sink, patient
from tests.history.test_facts import file
from tests.model import Record
from tests.model.build import app, delivery, exclusion

TOPICS: Final = Topics()
CHARTS, FORMS, BOARDS, LONE = "com.acme.charts", "com.acme.forms", "com.foo.boards", "com.lone.app"
APPS: Final = (CHARTS, FORMS, BOARDS, LONE)
PARTNERS: Final = {CHARTS: "acme", FORMS: "acme", BOARDS: "foo", LONE: None}
ACME: Final = Viewer("Ann of Acme", frozenset({"acme"}))
FOO: Final = Viewer("Bob of Foo", frozenset({"foo"}))


def story(key: str) -> list[Record]:
    """Four minutes of deliveries, in the last but one of which two fail, and a last event that moves time on."""
    minutes = [delivery(f"12:0{i}:05", 204, app=key) for i in range(4) for _ in range(4)]
    failures = [delivery("12:02:30", 500, app=key) for _ in range(2)]
    return [*minutes, *failures, delivery("12:04:10", app=key)]


def fill(url: str) -> None:
    """Catalogue, counts, a breach that recovered and one that is open, exclusions, budgets, deliveries, standing."""
    catalogue = [app(key.split(".")[2], key=key, partner=f"P {PARTNERS[key]}", partnerId=PARTNERS[key]) for key in APPS]
    alerts = [
        published(one)
        for key in APPS
        for one in (alert("12:03", app=key), alert("11:00", app=key), alert("11:00", "11:20", app=key))
    ]
    excluded = [exclusion("10:00", "12:01", "12:02", key=f"e-{key}", appKey=key) for key in APPS]
    count(url, [record for key in APPS for record in story(key)])
    file(url, (TOPICS.apps, catalogue), (TOPICS.alerts, alerts), (TOPICS.exclusions, excluded))
    with psycopg.connect(url) as connection:
        asked = {"incident": orjson.dumps(_INCIDENT).decode(), "hidden": list(_OF_THE_PLATFORM)}
        for statement in _REST.split(";\n"):
            connection.execute(statement.encode(), asked)


def count(url: str, records: Sequence[Record]) -> None:
    """Deliveries of a topic with one partition."""

    async def scenario() -> None:
        async with patient(url) as database:
            sink = Sink(database, TOPICS.input(WEBHOOK), 0)
            await sink.take_over()
            sink.read(records)
            await sink.commit()

    asyncio.run(scenario())


_INCIDENT: Final[dict[str, Any]] = {
    "title": "Down",
    "raisedBy": "PARTNER",
    "commonCause": None,
    "verdict": "CONFIRMED",
    "state": "TRIAGE",
    "severity": "SEV3",
    "votes": {"numbers": None, "capability": None, "reports": "SEV3", "decision": None},
    "level": "MINOR",
    "kind": "DEGRADATION",
    "capability": None,
    "tier": None,
    "suspectedFault": "UNKNOWN",
    "appCount": 1,
    "users": None,
    "reports": 3,
    "trial": False,
    "visibility": "PARTNER",
    "start": "2026-03-02T11:00:00Z",
    "detectedAt": "2026-03-02T11:00:00Z",
    "endedAt": None,
    "deadlines": [],
    "exclusions": [],
    "pir": None,
    "timeline": [],
    "time": "2026-03-02T11:00:00Z",
}
_REST: Final = """
insert into slo.budget (app_key, metric, scope, slo, target, period_ms, good, bad, covered_minutes, state, consumed,
  remaining_events, burn_1h, burn_6h, burn_1d, burn_3d, as_of_ms, breached)
select app_key, 'webhook-delivery-success-rate', 'Jira', 'webhook-delivery', '0.99', 2419200000, 12, 2, 4, 'EXHAUSTED',
  14.3, -2, 14.3, 14.3, 14.3, 14.3, 1772453040000, true from slo.app;
insert into slo.notification (id, kind, thread, time_ms, data, app_key)
select incident_id || '-breach', 'breach', incident_id, time_ms, '{}', app_key from slo.alert where type = 'BREACH';
insert into slo.delivery (id, notification, channel, target, machine, thread, kind, state, sent_at)
select n.id || '.' || channel, n.id, channel, case channel when 'smtp' then email else 'https://hook/secret' end,
  channel <> 'smtp', thread, 'breach', 'SENT',
  to_timestamp(n.time_ms / 1000 + 5)
from slo.notification n join slo.app using (app_key) cross join unnest(array['smtp', 'webhook']) as channel;
insert into slo.incident (id, state, verdict, severity, visibility, is_trial, title, start_ms, changed_ms, app_keys,
  partners, record)
select 'i-' || app_key, 'TRIAGE', 'CONFIRMED', 'SEV3', 'PARTNER', false, 'Down', 1772449200000, 0, array[app_key],
  array_remove(array[partner_id], null), %(incident)s::jsonb || jsonb_build_object('id', 'i-' || app_key, 'apps',
  array[app_key]) from slo.app;
insert into slo.incident_public (id, visibility, partners, is_trial, start_ms, found_ms, changed_ms, record)
select id, visibility, partners, is_trial, start_ms, start_ms, changed_ms, record from slo.incident;
update slo.incident_public set record = record - %(hidden)s::text[];
insert into slo.incident_app select id, app_keys[1] from slo.incident;
insert into slo.decision (app_key, act, stage, who, why)
select app_key, 'OVERRIDE', 'CLEAR', 'ops', 'why of ' || app_key from slo.app;
insert into slo.appeal (app_key, incident_id, who, why) select app_key, 'i', 'a', 'why of ' || app_key from slo.app;
insert into slo.standing (app_key, stage, since_ms, reason, time_ms, episodes, steps)
select app_key, 'NOTIFIED', 1772449200000, 'BREACH', 1772449200000, '[]', '[]' from slo.app;
insert into slo.standing_change (app_key, number, stage, former, reason, since_ms)
select app_key, 1, 'NOTIFIED', 'CLEAR', 'BREACH', 1772449200000 from slo.app;
"""
