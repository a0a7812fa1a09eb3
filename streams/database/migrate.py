"""Bringing a database up to the schema of this version: each step whole or not at all, one program at a time."""

from collections.abc import Callable, Sequence
from typing import Final

import psycopg

from streams.database.connection import stored_version
from streams.database.schema import Migration, check_server, check_version

_LOCK: Final = 0x736C_6F5F_6D69_6772  # 'slo_migr': any number will do that nobody else takes in this database
_BOOK: Final = """
create schema if not exists slo;
create table if not exists slo.migration (
  version int primary key,
  name text not null,
  applied_at timestamptz not null default now()
);
"""


def migrate(url: str, migrations: Sequence[Migration], report: Callable[[str], None] = lambda _line: None) -> int:
    """Take the steps that the database lacks; how many.

    The lock is held for one step, and lets go with its transaction: a program that is killed leaves none behind. Two at
    once take turns.

    Raises:
        SchemaError: the server is too old, or the schema newer than the steps known here.
        psycopg.Error: the database cannot be reached, or refuses a step; what was done before it stays.
    """
    taken = 0
    with psycopg.connect(url, autocommit=True, application_name="slo-streams database migrate") as connection:
        check_server(connection.info.server_version, connection.info.parameter_status("server_encoding"))
        while True:
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
                version = stored_version(connection) or 0
                if version >= len(migrations):
                    break
                step = migrations[version]
                report(f"{step.version:04} {step.name}")
                if version == 0:
                    connection.execute(_BOOK)
                connection.execute(step.sql.encode())
                connection.execute(
                    "insert into slo.migration (version, name) values (%s, %s)", [step.version, step.name]
                )
            taken += 1
    check_version(version, migrations)
    return taken
