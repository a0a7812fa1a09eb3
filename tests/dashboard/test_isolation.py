"""Row-level security: whoever reads as the dashboard does sees the apps of his partners, whatever the query says."""

import psycopg
import pytest

from streams.dashboard.database import Database
from streams.dashboard.queries.incidents import IncidentQuestion, incidents
from streams.dashboard.viewer import NOBODY, Viewer
from tests.dashboard.conftest import PLATFORM

# They tell of no app.
OF_NO_APP = {"migration", "sink_offset"}


def test_every_table_that_is_read_and_tells_of_apps_has_a_policy(database: str) -> None:
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "select relname, relrowsecurity or relkind = 'v', coalesce(reloptions @> '{security_invoker=true}', false) "
            "or exists (select 1 from pg_policy where polrelid = c.oid and 'slo_reader'::regrole = any(polroles)) "
            "from pg_class c where relkind in ('r', 'p', 'v', 'm') "
            "and relnamespace = 'slo'::regnamespace "
            "and has_any_column_privilege('slo_reader', oid, 'select')"
        ).fetchall()
    found = {name for name, is_secured, has_policy in tables if is_secured and has_policy}
    assert {name for name, *_ in tables} - found == OF_NO_APP
    assert {"app", "series", "alert", "budget"} <= found


ROWS = """
insert into slo.app (app_key, name, partner_id, partner_name, email, healthcheck_urls, excluded_client_keys, part,
  "offset")
values ('com.acme.a', 'A', 'acme', 'Acme', '', '{}', '{}', 0, 0),
  ('com.foo.f', 'F', 'foo', 'Foo', '', '{}', '{}', 0, 1),
  ('com.lone.l', 'L', null, 'Lone', '', '{}', '{}', 0, 2);
insert into slo.series (app_key, metric, scope, source, first_minute)
select app_key, 'm', 's', 'PROD', 0 from slo.app;
insert into slo.day_sum select 0, id, 1, 1 from slo.series;
insert into slo.day_counts select id, 0, '' from slo.series;
insert into slo.latency select id, 0, '' from slo.series;
insert into slo.recent select id, 0, 1, 1, '' from slo.series;
insert into slo.late select id, 0, '{1}' from slo.series;
insert into slo.budget (app_key, metric, scope, slo, target, period_ms, good, bad, covered_minutes, state, as_of_ms)
select app_key, 'm', 's', 'o', '0.9', 1, 0, 0, 0, 'NO_DATA', 0 from slo.app;
insert into slo.exclusion (part, "offset", id, app_key, reason, start_ms)
select 0, "offset", app_key, app_key, 'PLANNED_DOWNTIME', 0 from slo.app;
insert into slo.alert (incident_id, type, app_key, metric, scope, objective, severity, reason, breached_at_ms, time_ms,
  part, "offset", record)
select app_key, 'BREACH', app_key, 'm', 's', 'o', 'page', 'r', 0, 0, 0, "offset", '{}' from slo.app;
insert into slo.notification (id, kind, thread, time_ms, data, app_key)
select app_key, 'breach', 't', 0, '{}', app_key from slo.app;
insert into slo.delivery (id, notification, channel, target, machine, thread, kind, state)
select id, id, 'smtp', 'x', false, 't', 'breach', 'DUE' from slo.notification;
insert into slo.delivery_attempt select id, now(), 1, 'sent' from slo.delivery;
insert into slo.decision (app_key, act, stage, who, why) select app_key, 'OVERRIDE', 'CLEAR', 'a', 'b' from slo.app;
insert into slo.appeal (app_key, incident_id, who, why) select app_key, 'i', 'a', 'b' from slo.app;
insert into slo.standing (app_key, stage, since_ms, time_ms, episodes, steps)
select app_key, 'CLEAR', 0, 0, '[]', '[]' from slo.app;
insert into slo.standing_change (app_key, number, stage, former, reason, since_ms)
select app_key, 1, 'CLEAR', 'CLEAR', 'TIME', 0 from slo.app;
"""


@pytest.fixture
def a_row_each(database: str) -> str:
    """A row for each of three apps in every table: of Acme, of Foo, and of no partner."""
    with psycopg.connect(database) as connection:
        connection.execute(ROWS.encode())
    return database


def filled_tables(url: str) -> list[str]:
    """The tables with a policy that have any rows."""
    with psycopg.connect(url) as connection:
        query = "select tablename from pg_tables where schemaname = 'slo' and rowsecurity"
        tables = [name for (name,) in connection.execute(query.encode())]
        return [table for table in tables if connection.execute(f"select from slo.{table}".encode()).rowcount]


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        (PLATFORM, 3),
        (Viewer("Ann", frozenset({"acme"})), 1),
        (Viewer("Bob", frozenset({"acme", "foo"})), 2),
        (Viewer("Eve", frozenset({"none"})), 0),
        (NOBODY, 0),
    ],
)
def test_each_sees_its_own_rows_of_every_table(a_row_each: str, viewer: Viewer, seen: int) -> None:
    queries = {name: f"select 1 from {name}" for name in filled_tables(a_row_each)}  # noqa: S608  names of tables
    database = Database(a_row_each)
    database.open()
    try:
        with database.seen_by(viewer) as view:
            counts = {name: len(view.rows(query)) for name, query in queries.items()}
    finally:
        database.close()
    assert len(counts) >= 15
    assert counts == dict.fromkeys(counts, seen)


EXCLUDED_FOR_ALL = """
insert into slo.series (app_key, metric, scope, source, first_minute)
select app_key, 'app-availability', 'https://' || app_key, 'PROD', 0 from slo.app;
insert into slo.exclusion (part, "offset", id, metric, scope, reason, start_ms)
select 1, "offset", 'of ' || app_key, 'app-availability', 'https://' || app_key, 'PLATFORM_FAULT', 0 from slo.app;
insert into slo.exclusion (part, "offset", id, scope, reason, start_ms)
values (1, 9, 'of a product', 'Jira', 'PLATFORM_FAULT', 0), (1, 10, 'of all', null, 'PLATFORM_FAULT', 0);
"""


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        (Viewer("a", frozenset({"acme"})), {"of com.acme.a"}),
        (NOBODY, set()),
        (PLATFORM, {"of com.acme.a", "of com.foo.f", "of com.lone.l"}),
    ],
)
def test_a_base_url_that_is_excluded_for_all_apps_is_seen_by_whose_it_is(
    a_row_each: str, viewer: Viewer, seen: set[str]
) -> None:
    with psycopg.connect(a_row_each) as connection:
        connection.execute(EXCLUDED_FOR_ALL.encode())
    database = Database(a_row_each)
    database.open()
    with database.seen_by(viewer) as view:
        found = {row["id"] for row in view.rows("select id from exclusion where left(id, 3) = 'of '")}
    database.close()
    assert found == seen | ({"of a product", "of all"} if viewer is not NOBODY else set())


FOR_ALL_PARTNERS = """
insert into slo.incident_public (id, visibility, partners, is_trial, start_ms, found_ms, changed_ms, record)
values ('i', 'ALL_PARTNERS', '{}', false, 0, 0, 0, '{"visibility": "ALL_PARTNERS"}')
"""


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [(Viewer("a", frozenset({"acme"})), 1), (Viewer("n", frozenset({"none"})), 1), (NOBODY, 0)],
)
def test_an_incident_for_all_partners_is_for_partners(database: str, viewer: Viewer, seen: int) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(FOR_ALL_PARTNERS.encode())
    one = Database(database)
    one.open()
    with one.seen_by(viewer) as view:
        listed = incidents(view, IncidentQuestion()).items
        rows = view.rows("select from incident_public")
    one.close()
    assert len(listed) == len(rows) == seen
