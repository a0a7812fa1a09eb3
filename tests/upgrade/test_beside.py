"""Services of the version before, that go on with the schema of this one until they are replaced."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations
from streams.incidents.entry import Act, Entry, RaisedBy, Visibility
from streams.incidents.people import Person, Ticket, now_ms, raise_incident
from streams.incidents.timeline import add_entry_now
from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.notification import Kind, Notification, digest
from tests.database_fixture import own_database
from tests.model.build import MIDNIGHT_MS
from tests.notifier.mail_server import MailServer, mail_server
from tests.notifier.office import breach, office, recovery
from tests.upgrade import older_notifier
from tests.upgrade.older import older_product
from tests.upgrade.older_notifier import TARGET

OLDEST = 20
"""The migrations of the oldest version that may go on beside this one."""

_COLUMNS = """
select c.table_name::text, c.column_name::text, c.data_type::text,
  c.is_nullable = 'YES' or c.column_default is not null or c.is_identity = 'YES' or c.is_generated <> 'NEVER'
from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
where table_schema = 'slo' and t.table_type = 'BASE TABLE'
"""
_KEYS = """
select indrelid::regclass::text, regexp_replace(pg_get_indexdef(indexrelid), '^.* USING', '')
from pg_index where indisunique and indrelid::regclass::text like 'slo.%'
"""
_CHECKS = """
select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
where contype in ('c', 'f', 'x') and connamespace = 'slo'::regnamespace
"""
_RIGHTS = """
select table_name::text, column_name::text, grantee::text, privilege_type::text
from information_schema.column_privileges where table_schema = 'slo' and grantee like 'slo%'
union select table_name::text, null, grantee::text, privilege_type::text
from information_schema.table_privileges where table_schema = 'slo' and grantee like 'slo%'
"""
_FILLED = {("incident_public", "found_ms")}
"""Required columns that a trigger fills for those who do not know them."""


def _asked(url: str, query: str) -> set[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return set(connection.execute(query.encode()).fetchall())


@pytest.mark.parametrize("version", range(OLDEST, len(shipped_migrations())))
def test_what_a_version_before_reads_and_writes_the_newest_schema_has(postgres: str, version: int) -> None:
    steps = shipped_migrations()
    with own_database(postgres) as older, own_database(postgres) as newest:
        migrate(older, steps[:version])
        migrate(newest, steps)
        before, after = (_asked(url, _COLUMNS) for url in (older, newest))
        had, has = ({(table, name): kind for table, name, kind, _ in columns} for columns in (before, after))
        assert had.items() <= has.items(), "a column is gone, or of another type"
        tables = {table for table, _ in had}
        may_lack = {(table, name) for table, name, _, is_free in before if is_free}
        required = {(table, name) for table, name, _, is_free in after if table in tables and not is_free}
        assert required - _FILLED <= had.keys() - may_lack, "a column is required that was not"
        assert _asked(older, _KEYS) <= _asked(newest, _KEYS), "a key is gone by which a row is found or written over"
        checks = {(table, check) for table, check in _asked(newest, _CHECKS) if table.removeprefix("slo.") in tables}
        assert checks <= _asked(older, _CHECKS), "something is refused that was taken"
        assert _asked(older, _RIGHTS) <= _asked(newest, _RIGHTS), "a right is gone"


@contextmanager
def _older_notifier(url: str, packages: Path) -> Iterator["subprocess.Popen[str]"]:
    """Connected to a database of its own version."""
    process = subprocess.Popen(
        [sys.executable, older_notifier.__file__, url],
        env={**os.environ, "PYTHONPATH": str(packages), "PYTHONSAFEPATH": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def _does(process: "subprocess.Popen[str]", step: str, argument: object) -> str:
    """What a step of the older version answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(orjson.dumps([step, argument]).decode() + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    assert answer, f"the older version failed at {step}"
    return answer.strip()


@pytest.fixture
def older(empty_database: str, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """An older notifier that was there before the database was migrated."""
    packages = older_product(tmp_path / "older")
    migrate(empty_database, shipped_migrations()[:OLDEST])
    with _older_notifier(empty_database, packages) as process:
        migrate(empty_database, shipped_migrations())
        yield process


def test_an_older_notifier_shows_incidents_with_the_times_that_it_does_not_know(
    empty_database: str, older: "subprocess.Popen[str]"
) -> None:
    with psycopg.connect(empty_database, options="-c search_path=slo") as connection:
        ticket = Ticket(RaisedBy.SUPPORT, "Queues stand still", said={"visibility": Visibility.ALL_PARTNERS})
        incident = raise_incident(connection, ticket, Person("ann", "many calls"))
        at_ms = now_ms(connection) // 1_000 * 1_000  # the record tells seconds
    assert _does(older, "incidents", at_ms) == "True"
    with psycopg.connect(empty_database, options="-c search_path=slo") as connection:
        note = Entry(Act.NOTE, at_ms + 60_000, "ann", "We look at it.", is_public=True)
        add_entry_now(connection, incident, note)
    assert _does(older, "incidents", at_ms + 60_000) == "True"
    times = "select id, found_ms, updated_ms from slo.incident_public"
    assert _asked(empty_database, times) == {(incident, at_ms, at_ms + 60_000)}


def test_notifiers_of_both_versions_send_the_digests_of_each_other(
    empty_database: str, older: "subprocess.Popen[str]"
) -> None:
    async def scenario() -> None:
        async with mail_server(MailServer()) as server, office(empty_database, server.port, [TARGET]) as newer:
            at_ms = await newer.now_ms()
            over, still_open = breach("charts", at_ms=at_ms), breach("forms", at_ms=at_ms)
            told = digest([(Kind.BREACH, over), (Kind.RECOVERY, recovery(over)), (Kind.REMINDER, still_open)])
            notification = Notification("digest-of-newer", Kind.DIGEST, "digest-of-newer", 0, told)
            await newer.database.run(lambda connection: enqueue(connection, Enqueued(notification, [TARGET])))
            subject = await asyncio.to_thread(_does, older, "claim", "https://slo.example")
            assert subject == "Subject: [DIGEST] 2 breaches, 1 recovery, 2 apps"
            await asyncio.to_thread(_does, older, "digest", [over, still_open])
            await newer.work()
            assert [mail.subject for mail in server.received] == ["[DIGEST] 2 breaches, 2 apps"]
            # The older one has claimed its own, and was not asked to send it.
            assert newer.states() == [("DIGEST", "DUE", None), ("DIGEST", "SENT", None)]

    asyncio.run(scenario())


def test_a_digest_that_waits_while_the_database_is_migrated_keeps_what_is_still_open(empty_database: str) -> None:
    steps = shipped_migrations()
    over, still_open = breach("charts", at_ms=MIDNIGHT_MS), breach("forms", at_ms=MIDNIGHT_MS)
    before = orjson.dumps({"alerts": [over, still_open], "stillOpen": [1]}).decode()
    migrate(empty_database, steps[:32])
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "insert into slo.notification (id, kind, thread, time_ms, data) values ('d', 'DIGEST', 'd', 0, %s)",
            [before],
        )
    migrate(empty_database, steps)
    ((data,),) = _told_of(empty_database)
    assert data == digest([(Kind.BREACH, over), (Kind.REMINDER, still_open)])


def _told_of(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select data from slo.notification").fetchall()
