"""A database that was restored from a backup: what came since is told again under the same ids, and nothing is lost."""

import asyncio
from collections import Counter

import psycopg
import pytest

from tests.database_fixture import own_database
from tests.e2e.conftest import flow as flow
from tests.e2e.flow import Flow
from tests.notifier.mail_server import MailServer, mail_server
from tests.notifier.office import breach, recovery
from tests.notifier.test_service import now_ms, publish, start
from tests.waiting import wait_for

_COUNTS = "select count(*), count(*) filter (where state = 'SENT') from slo.delivery"


async def serve(flow: Flow, url: str, server: MailServer, rows: int) -> None:
    """A notifier until so many deliveries are recorded as sent, and no other is there."""
    service = start(flow, url, server)

    async def is_done() -> bool:
        with psycopg.connect(url) as connection:
            return connection.execute(_COUNTS.encode()).fetchone() == (rows, rows)

    await wait_for(is_done, 120, f"{rows} deliveries", [service])
    assert await service.stop() == 0


def told(server: MailServer) -> Counter[str]:
    """How often each mail came since this was asked last."""
    found = Counter(str(one.mail["Message-ID"]) for one in server.received)
    server.received.clear()
    return found


@pytest.mark.timeout(300)
def test_what_came_since_the_backup_is_told_again_and_nothing_is_lost(flow: Flow, database: str, postgres: str) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        before = [breach(f"before-{i}", at_ms=now_ms()) for i in range(4)]
        since = [*map(recovery, before), *(breach(f"since-{i}", at_ms=now_ms()) for i in range(4))]
        async with mail_server() as server:
            await publish(flow, before)
            await serve(flow, database, server, 4)
            told_before = told(server)
            with own_database(postgres, template=str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])) as backup:
                await publish(flow, since)
                await serve(flow, database, server, 12)
                told_since = told(server)
                assert set(told_since.values()) == {1}
                assert len(told_since) == 8
                later = list(map(recovery, since[4:]))
                await publish(flow, later)
                await serve(flow, backup, server, 16)
                told_again = told(server)
                assert set(told_again.values()) == {1}
                assert told_again.keys() >= told_since.keys()
                assert not told_again.keys() & told_before.keys()
                assert len(told_again) == 12
                # Read from the beginning once more, the log adds no row, and nobody is told.
                with psycopg.connect(backup) as connection:
                    connection.execute("update slo.sink_offset set next = null where reader = 'notifier'")
                await serve_all_again(flow, backup, server)
                assert told(server) == {}

    asyncio.run(scenario())


async def serve_all_again(flow: Flow, url: str, server: MailServer) -> None:
    """A notifier that reads everything anew."""
    service = start(flow, url, server)
    query = "select sum(next) from slo.sink_offset where reader = 'notifier'"

    async def is_read() -> bool:
        with psycopg.connect(url) as connection:
            return connection.execute(query).fetchone() == (16,)

    await wait_for(is_read, 120, "all alerts to be read", [service])
    assert await service.stop() == 0
    with psycopg.connect(url) as connection:
        assert connection.execute(_COUNTS.encode()).fetchone() == (16, 16)
