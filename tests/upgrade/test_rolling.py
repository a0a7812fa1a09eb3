"""An upgrade as its page says: an older version at work, the database migrated, and its services replaced in turn."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import orjson
import psycopg
import pytest

from streams.database.connection import stored_version
from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations
from tests.e2e.conftest import flow as flow
from tests.e2e.flow import SHORT_SESSION_S, Flow, WorkerProcess
from tests.faults.traffic import Traffic, everything
from tests.history.naive import table
from tests.history.sink import stored_late
from tests.history.test_law import check_counts
from tests.history.test_service import offsets, recounted, wait_until_counted
from tests.model import Alert
from tests.notifier.channels.receivers import WebhookReceiver
from tests.prober.servers import serving
from tests.upgrade.installation import Installation
from tests.upgrade.older import older_product
from tests.waiting import wait_for

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    return older_product(tmp_path / "older")


def test_nothing_is_lost_or_told_twice_by_an_upgrade(flow: Flow, empty_database: str, older: Path) -> None:
    receiver = WebhookReceiver()

    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        async with serving(receiver.handle) as url:
            old, new = (Installation(flow, empty_database, url, path) for path in (older, None))
            await asyncio.to_thread(old.run, "database", "migrate")
            assert _version(empty_database) < len(shipped_migrations())
            services = {name: old.start(name) for name in ("notifier", "history")}
            workers = [old.start("worker"), old.start("worker")]
            traffic = Traffic(flow, everything, random.Random(1))
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(traffic.flow())
                await _goes_on(flow, empty_database, receiver, workers)
                await asyncio.to_thread(new.run, "database", "migrate")
                assert _version(empty_database) == len(shipped_migrations())
                await _goes_on(flow, empty_database, receiver, workers)  # those of before, with what is new
                for name, process in services.items():
                    beside = new.start(name)
                    await beside.says("going on at")
                    assert await process.stop() == 0
                    services[name] = beside
                    await _goes_on(flow, empty_database, receiver, workers)
                for place, worker in enumerate(workers):
                    workers[place] = new.start("worker")
                    await workers[place].says("going on at")
                    assert await worker.stop() == 0
                    await _goes_on(flow, empty_database, receiver, workers)
                traffic.end()
            await flow.wait_until_read()
            await wait_until_counted(flow, empty_database)
            published = [alert for alerts in (await flow.alerts()).values() for alert in alerts]

            async def all_told() -> bool:
                return {*map(_told, published)} <= {*map(_told, map(orjson.loads, receiver.bodies))}

            await wait_for(all_told, 120, "every alert to be told", flow.workers)
            for process in (*workers, *services.values()):
                assert await process.stop() == 0
        judged = await flow.check()
        assert judged.all_alerts

    asyncio.run(scenario())
    expected = asyncio.run(recounted(flow))
    check_counts(empty_database, expected)
    late, told_late = stored_late(empty_database), table(expected.late)
    assert late, "the new history tells what is late"
    assert all(count <= told_late[place] for place, count in late.items()), "and the older one did not"
    assert len(set(receiver.ids)) == len(receiver.ids), "a service that is stopped in order repeats nothing"
    assert migrate(empty_database, shipped_migrations()) == 0


async def _goes_on(flow: Flow, database: str, receiver: WebhookReceiver, workers: Sequence[WorkerProcess]) -> None:
    """Events are judged and counted, and somebody is told, from now on as before."""
    committed, counted, told = sum((await flow.committed()).values()), sum(offsets(database).values()), receiver.ids
    before = len(told)

    async def all_went_on() -> bool:
        assert all(worker.exit_code is None for worker in flow.workers if worker in workers)
        return (
            sum((await flow.committed()).values()) > committed + 100
            and sum(offsets(database).values()) > counted + 100
            and len(receiver.ids) > before
        )

    await wait_for(all_went_on, 120, "everything to go on", flow.workers)


def _version(url: str) -> int:
    with psycopg.connect(url) as connection:
        return stored_version(connection) or 0


def _told(alert: Alert) -> tuple[str, str]:
    data = alert.get("data", alert)
    return data["incidentId"], data["type"]
