"""One real PostgreSQL for all tests that need one: that of `SLO_TEST_DATABASE_URL`, else the embedded one.

A test gets a database of its own, copied from a template that was migrated once.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations

# For a server that a test kills: what it wrote outlives it as long as the machine does.
KILLED = {"fsync": "off"}
# For one that no test kills: it may also keep for a while what was committed.
FAST = {**KILLED, "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
# What ends the connections of a name to the same database, and no other test's; they are gone when it returns.
CUT = (
    "select pg_terminate_backend(pid, 60000) from pg_stat_activity "
    "where application_name = %s and datname = current_database()"
)

_SHARING = pytest.StashKey[tuple[ExitStack, str]]()
_SHARED = "postgres"


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of the server of the whole session; where tests run side by side, one for all of them."""
    if hasattr(request.config, "workerinput"):
        yield request.config.workerinput[_SHARED]
        return
    with _running_postgres() as url:
        yield url


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Before tests run side by side: start the server that they share."""
    if _SHARING not in node.config.stash:
        sharing = ExitStack()
        node.config.stash[_SHARING] = sharing, sharing.enter_context(_running_postgres())
    node.workerinput[_SHARED] = node.config.stash[_SHARING][1]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started for all."""
    if _SHARING in config.stash:
        config.stash[_SHARING][0].close()


@pytest.fixture(scope="session")
def migrated(postgres: str) -> Iterator[str]:
    """Name of a database with the schema, to be copied."""
    with own_database(postgres) as url:
        migrate(url, shipped_migrations())
        yield psycopg.conninfo.conninfo_to_dict(url)["dbname"]  # type: ignore[misc]


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """URL of a database with nothing in it."""
    with own_database(postgres) as url:
        yield url


@pytest.fixture
def database(postgres: str, migrated: str) -> Iterator[str]:
    """URL of a database with the schema and no rows."""
    with own_database(postgres, template=migrated) as url:
        yield url


@contextmanager
def own_database(server: str, *, template: str = "template0") -> Iterator[str]:
    """A database of a name that nobody else uses, gone afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def _running_postgres() -> Iterator[str]:
    url = os.environ.get("SLO_TEST_DATABASE_URL")
    if url:
        yield url
        return
    with TemporaryDirectory(prefix="pg-") as folder, EmbeddedPostgres(Path(folder), overrides=FAST) as server:
        yield server.url
