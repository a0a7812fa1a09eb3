"""How a command comes to its database: without one it ends with a sentence."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.failure import fail
from streams.database.connection import check_schema, conninfo
from streams.database.errors import SchemaError
from streams.database.roles import Role
from streams.database.settings import DatabaseSettings
from streams.exits import ExitCode

Answer = TypeVar("Answer")


def database_url_or_fail() -> str:
    """The URL of the environment; a wrong or missing one ends the command with exit code 2."""
    return url_or_fail(settings_of_or_fail(DatabaseSettings))


def url_or_fail(settings: DatabaseSettings) -> str:
    """The URL of these settings; a missing one ends the command with exit code 2."""
    url = settings.read_database_url()
    if url is None:
        fail(
            "SLO_DATABASE_URL: not set. It names a PostgreSQL: postgresql://user:password@host:5432/name\n"
            "`slo-streams database start` runs one on this machine.",
            code=2,
        )
    return url


def why_no_database(problem: psycopg.OperationalError) -> str:
    """What keeps the database from answering, in words."""
    return f"The database of SLO_DATABASE_URL cannot be reached: {problem}"


@contextmanager
def history_connection(settings: DatabaseSettings) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A connection to read history by, as it is at one moment; whatever does not allow it ends the command."""
    with _connection(settings, Role.WRITER) as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        yield connection


@contextmanager
def desk_connection(settings: DatabaseSettings) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A connection for what persons decide, stored when it is left; whatever does not allow it ends the command."""
    with _connection(settings, Role.DESK) as connection:
        yield connection


@contextmanager
def _connection(settings: DatabaseSettings, role: Role) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    url = url_or_fail(settings)
    try:
        check_schema(url)
        with psycopg.connect(conninfo(url, role, "slo-streams")) as connection:
            yield connection
    except SchemaError as problem:
        fail(str(problem), code=ExitCode.REFUSED)
    except psycopg.OperationalError as problem:
        fail(why_no_database(problem), code=ExitCode.UNAVAILABLE)


def in_database(
    settings: DatabaseSettings, role: Role, action: "Callable[[psycopg.AsyncConnection[Any]], Awaitable[Answer]]"
) -> Answer:
    """What an action gives, in a transaction of its own; whatever does not allow it ends the command."""
    url = url_or_fail(settings)

    async def run() -> Answer:
        async with await psycopg.AsyncConnection.connect(conninfo(url, role, "slo-streams")) as connection:
            return await action(connection)

    try:
        check_schema(url)
        return asyncio.run(run())
    except SchemaError as problem:
        fail(str(problem), code=ExitCode.REFUSED)
    except psycopg.OperationalError as problem:
        fail(why_no_database(problem), code=ExitCode.UNAVAILABLE)
