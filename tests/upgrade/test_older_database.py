"""A database as an older version left it, byte by byte: upgraded, nothing is lost, and it says what it said."""

from typing import Any

import psycopg
from psycopg import sql

from streams.database.connection import stored_version
from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations
from streams.names import Topics
from tests.history.naive import recount
from tests.history.test_backup import run
from tests.history.test_law import check
from tests.upgrade.record import APPLICATION, DUMP, PARTITIONS, PREFIX, recorded_events

Columns = dict[str, list[str]]
_COLUMNS = """
select table_name, array_agg(column_name::text order by ordinal_position) from information_schema.columns
where table_schema = 'slo' and table_name in (
  select table_name from information_schema.tables where table_schema = 'slo' and table_type = 'BASE TABLE'
) and table_name <> 'migration' group by 1
"""


def test_every_row_is_kept_and_the_month_is_that_of_the_events(migrated: str, empty_database: str) -> None:
    assert migrated  # the roles that a dump names are the server's
    run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={empty_database}", str(DUMP))
    with psycopg.connect(empty_database) as connection:
        assert stored_version(connection) == 20
        columns: Columns = dict(connection.execute(_COLUMNS).fetchall())
        before = contents(connection, columns)
    for table in ("day_counts", "day_sum", "latency", "alert", "delivery", "notification", "api_token"):
        assert before[table], f"{table} has no rows: that proves nothing"
    assert migrate(empty_database, shipped_migrations()) == len(shipped_migrations()) - 20
    with psycopg.connect(empty_database) as connection:
        assert contents(connection, columns) == before
    expected = recount(recorded_events(), application=APPLICATION, partitions=PARTITIONS, topics=Topics(PREFIX))
    expected.late.clear()  # that version did not tell them from the others
    check(empty_database, expected)


def contents(connection: "psycopg.Connection[tuple[Any, ...]]", columns: Columns) -> dict[str, list[str]]:
    """Every row of these columns of each table, as text."""
    found = {}
    for table, names in columns.items():
        query = sql.SQL("select {} from slo.{}").format(
            sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(table)
        )
        found[table] = sorted(map(repr, connection.execute(query).fetchall()))
    return found
