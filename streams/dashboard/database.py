"""The database as somebody sees it: each request reads in one transaction that knows for whom.

Twice over: every query says itself whose rows it wants, and row-level security shows no others, whatever it says.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import IsolationLevel
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from streams.dashboard.viewer import Viewer
from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.web.problem import Problem, ProblemError

Connection = psycopg.Connection[tuple[Any, ...]]

_MOST: Final = 10  # connections of each kind; the threads that answer are more, and take turns
_WAIT_S: Final = 5.0
_STATEMENT_MS: Final = 10_000
_SEE_AS: Final = """
select set_config('slo.platform', %(platform)s, true), set_config('slo.partners', %(partners)s::text[]::text, true)
"""
_POSITION: Final = """
select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end::text
"""

MINE: Final = "(%(is_platform)s or partner_id = any(%(partners)s))"
"""The condition that every query over a table with `partner_id` holds."""


@dataclass(frozen=True, slots=True)
class View:
    """What a viewer sees of the database, as of one moment: the first argument of every query."""

    viewer: Viewer
    connection: Connection

    def rows(self, query: str, values: Mapping[str, object] | None = None) -> list[DictRow]:
        """The rows of a query, which may name `is_platform` and `partners` beside its own values."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), {**_who(self.viewer), **(values or {})}).fetchall()

    def row(self, query: str, values: Mapping[str, object] | None = None) -> DictRow:
        """The one row that a query must have.

        Raises:
            ProblemError: NOT_FOUND: it has none, for this viewer.
        """
        found = self.rows(query, values)
        if not found:
            raise ProblemError(Problem.NOT_FOUND)
        return found[0]


class Database:
    """Connections of a dashboard: to read as a viewer, and to write at the desk."""

    def __init__(self, url: str) -> None:
        self._reader = _pool(
            url, Role.READER, f"-c default_transaction_read_only=on -c statement_timeout={_STATEMENT_MS}"
        )
        self._desk = _pool(url, Role.DESK, f"-c statement_timeout={_STATEMENT_MS}")

    def open(self) -> None:
        """Begin to connect; a database that is away is asked again and again."""
        self._reader.open(wait=False)
        self._desk.open(wait=False)

    def close(self) -> None:
        """Let go of all connections."""
        self._reader.close()
        self._desk.close()

    @contextmanager
    def seen_by(self, viewer: Viewer) -> Iterator[View]:
        """What a viewer sees, until the block ends.

        Raises:
            ProblemError: NO_DATABASE.
        """
        with _transaction(self._reader) as connection:
            connection.execute(
                _SEE_AS.encode(),
                {"platform": "on" if viewer.is_platform else "off", "partners": sorted(viewer.partners or ())},
            )
            yield View(viewer, connection)

    @contextmanager
    def desk(self) -> Iterator[Connection]:
        """A transaction that may add decisions and logins, and sees every app: for what has been checked before.

        Raises:
            ProblemError: NO_DATABASE.
        """
        with _transaction(self._desk) as connection:
            yield connection

    def position(self) -> str:
        """How far the database's log has come: it moves with whatever is written.

        Raises:
            ProblemError: NO_DATABASE.
        """
        with _transaction(self._reader) as connection:
            row = connection.execute(_POSITION.encode()).fetchone()
        return "" if row is None else str(row[0])

    def why_away(self) -> str | None:
        """Why the database does not answer; None: it does."""
        try:
            with _transaction(self._reader) as connection:
                connection.execute("select 1")
        except ProblemError:
            return "the database does not answer"
        return None


def _who(viewer: Viewer) -> dict[str, object]:
    return {"is_platform": viewer.is_platform, "partners": sorted(viewer.partners or ())}


def _pool(url: str, role: Role, options: str = "") -> ConnectionPool[Connection]:
    def configure(connection: Connection) -> None:
        if role is Role.READER:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ  # one answer tells of one moment

    return ConnectionPool(
        conninfo(url, role, "slo-streams dashboard", f"-c statement_timeout={_STATEMENT_MS} {options}"),
        min_size=1,
        max_size=_MOST,
        timeout=_WAIT_S,
        open=False,
        configure=configure,
        check=ConnectionPool.check_connection,
    )


@contextmanager
def _transaction(pool: ConnectionPool[Connection]) -> Iterator[Connection]:
    try:
        with pool.connection() as connection:
            yield connection
    except psycopg.DataError as problem:  # a text with NUL, a number beyond 64 bits: nothing has such a name
        raise ProblemError(Problem.NOT_FOUND) from problem
    except (PoolTimeout, psycopg.OperationalError) as problem:
        raise ProblemError(Problem.NO_DATABASE, retry_after_s=int(_WAIT_S)) from problem
