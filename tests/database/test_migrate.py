"""Migrations: from every older version to this one, one at a time, whole or not at all."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.database.connection import check_schema, conninfo
from streams.database.embedded import EmbeddedPostgres
from streams.database.errors import SchemaError
from streams.database.migrate import migrate
from streams.database.roles import Role
from streams.database.schema import Migration, check_server, read_migrations, shipped_migrations
from tests.broker.test_embedded import DEADLINE_S, eventually
from tests.database_fixture import KILLED, own_database

STEPS = (
    Migration(1, "one", "create table slo.one (a int)"),
    Migration(2, "two", "create table slo.two (b int); insert into slo.one values (1)"),
    Migration(3, "three", "insert into slo.one select 2 from slo.two where b = 0; drop table slo.two"),
)


def ask(url: str, query: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]


def shape(url: str) -> list[tuple[Any, ...]]:
    """Every column of schema slo, and every right on its tables."""
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            "select table_name::text, column_name::text, data_type::text, column_default::text, is_nullable::text"
            " from information_schema.columns where table_schema = 'slo'"
        ).fetchall()
        rights = connection.execute(
            "select table_name::text, grantee::text, privilege_type::text from information_schema.table_privileges"
            " where table_schema = 'slo'"
        ).fetchall()
    return sorted([*columns, *rights], key=str)


def test_a_new_database_takes_all_steps_and_then_none(empty_database: str) -> None:
    steps = shipped_migrations()
    assert migrate(empty_database, steps) == len(steps)
    assert migrate(empty_database, steps) == 0
    check_schema(empty_database)


@pytest.mark.parametrize("version", range(1, len(shipped_migrations()) + 1))
def test_every_older_version_becomes_this_one(postgres: str, version: int) -> None:
    steps = shipped_migrations()
    with own_database(postgres) as older, own_database(postgres) as new:
        migrate(older, steps[:version])
        assert migrate(older, steps) == len(steps) - version
        migrate(new, steps)
        assert shape(older) == shape(new)


def test_a_step_that_fails_leaves_nothing_of_itself(empty_database: str) -> None:
    faulty = (*STEPS[:1], Migration(2, "two", "create table slo.half (a int); select 1 / 0"))
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(empty_database, faulty)
    assert ask(empty_database, "select max(version) from slo.migration") == 1
    assert ask(empty_database, "select to_regclass('slo.half')") is None
    assert migrate(empty_database, STEPS) == 2


def test_several_at_once_take_each_step_once(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: migrate(empty_database, STEPS), range(4)))
    assert sum(taken) == len(STEPS)
    assert ask(empty_database, "select sum(a) from slo.one") == 1


def test_several_databases_of_one_server_at_once(postgres: str) -> None:
    with own_database(postgres) as one, own_database(postgres) as two, ThreadPoolExecutor(2) as pool:
        assert (
            list(pool.map(lambda url: migrate(url, shipped_migrations()), [one, two]))
            == [len(shipped_migrations())] * 2
        )


MIGRATE = """
import sys
from streams.database.migrate import migrate
from streams.database.schema import Migration
migrate(sys.argv[1], [Migration(1, "one", "create table slo.one (a int)"),
                      Migration(2, "two", "create table slo.two (b int); select pg_advisory_xact_lock(7)")])
"""


def migrating(url: str) -> "subprocess.Popen[bytes]":
    """A program that is within its second step until somebody lets go of lock 7."""
    return subprocess.Popen([sys.executable, "-c", MIGRATE, url], stderr=subprocess.DEVNULL)


def waits_within_a_step(url: str) -> bool:
    waiting = (
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'create table slo.two%'"
    )
    return bool(ask(url, waiting))


def test_a_program_killed_within_a_step_is_followed_by_the_next(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(7)")
        program = migrating(empty_database)
        assert eventually(lambda: waits_within_a_step(empty_database))
        program.kill()
        program.wait()
    assert migrate(empty_database, STEPS) == 2
    assert ask(empty_database, "select count(*) from slo.migration") == 3


def test_a_server_killed_within_a_step_is_followed_by_the_next() -> None:
    with TemporaryDirectory(prefix="pg-") as folder, EmbeddedPostgres(Path(folder), overrides=KILLED) as server:
        holder = psycopg.connect(server.url, autocommit=True)
        holder.execute("select pg_advisory_lock(7)")
        program = migrating(server.url)
        assert eventually(lambda: waits_within_a_step(server.url))
        server.kill()
        assert program.wait(DEADLINE_S) == 1
        server.start()
        assert migrate(server.url, STEPS) == 2
        holder.close()


def test_another_version_is_refused_with_what_to_run(empty_database: str) -> None:
    with pytest.raises(SchemaError, match="no schema slo yet"):
        check_schema(empty_database)
    newer = (*shipped_migrations(), Migration(len(shipped_migrations()) + 1, "later", "select 1"))
    migrate(empty_database, newer)
    with pytest.raises(SchemaError, match="upgraded by a newer one"):
        check_schema(empty_database)
    with pytest.raises(SchemaError, match="upgraded by a newer one"):
        migrate(empty_database, shipped_migrations())


def test_an_older_version_is_refused_with_what_to_run(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("delete from slo.migration where version = (select max(version) from slo.migration)")
        connection.execute("insert into slo.migration (version, name) values (0, 'before')")
    with pytest.raises(SchemaError, match="Run `slo-streams database migrate`"):
        check_schema(database)


def test_an_old_server_is_refused() -> None:
    check_server(150_000, "UTF8")
    with pytest.raises(SchemaError, match="PostgreSQL 14; slo-streams needs 15"):
        check_server(140_012, "UTF8")


@pytest.mark.parametrize("names", [["0001_a.sql", "0003_b.sql"], ["0001_a.sql", "0001_b.sql"], ["1_a.sql"]])
def test_files_that_are_not_numbered_right(names: Sequence[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match="migration"):
        read_migrations(tmp_path.iterdir())


@pytest.mark.parametrize("role", Role)
def test_a_process_takes_its_role_on_and_cannot_reset_it(database: str, role: Role) -> None:
    with psycopg.connect(conninfo(database, role, "test"), autocommit=True) as connection:
        assert connection.execute("select current_user, current_schema()").fetchone() == (role, "slo")
        connection.execute("reset role")
        assert connection.execute("select current_user").fetchone() == (role,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table slo.mine (a int)")


def run(*arguments: str, **environment: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, env=environment)
    return result.exit_code, result.output


def test_the_command_migrates(empty_database: str) -> None:
    code, said = run("database", "migrate", SLO_DATABASE_URL=empty_database)
    assert code == 0
    assert said.splitlines()[0] == "0001 roles"
    assert "The schema slo is up to date." in said
    check_schema(empty_database)


def test_the_command_without_a_database() -> None:
    assert run("database", "migrate", SLO_DATABASE_URL="")[0] == 2
    code, said = run("database", "migrate", SLO_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert code == 69
    assert "cannot be reached" in said


def test_the_command_refuses_a_newer_schema(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("insert into slo.migration (version, name) values (9999, 'later')")
    assert run("database", "migrate", SLO_DATABASE_URL=database)[0] == 78


def test_a_database_that_cannot_hold_every_name_is_refused(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("drop database if exists ascii_only")
        connection.execute("create database ascii_only encoding 'SQL_ASCII' template template0")
    try:
        with pytest.raises(SchemaError, match="The encoding of this database is SQL_ASCII"):
            migrate(psycopg.conninfo.make_conninfo(postgres, dbname="ascii_only"), STEPS)
    finally:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute("drop database ascii_only")
