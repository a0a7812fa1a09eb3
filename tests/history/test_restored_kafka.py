"""Backups of Kafka and of the database, restored after both were lost: taken in one order, and in the other."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from psycopg import sql

from streams.broker import EmbeddedKafka
from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations
from streams.exits import ExitCode
from tests.database_fixture import own_database
from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.faults.ground import COMES_BACK_SOON
from tests.faults.traffic import Traffic, everything
from tests.history.test_backup import run
from tests.history.test_service import check_all, offsets, start, wait_until_counted
from tests.model.generate import MINUTE_MS
from tests.waiting import wait_for

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A Kafka of the test's own, whose folder can be copied and lost."""
    broker = EmbeddedKafka(data_dir=tmp_path / "kafka", overrides=COMES_BACK_SOON)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def flow(broker: EmbeddedKafka, tmp_path: Path) -> Iterator[Flow]:
    """An installation on it."""
    flow = Flow(broker.bootstrap_servers, "slo-backup.", tmp_path, session_s=SHORT_SESSION_S)
    yield flow
    flow.stop()


@asynccontextmanager
async def at_work(flow: Flow, database: str) -> AsyncIterator[Traffic]:
    """A worker and a history that read what comes, and have done so for a while."""
    await flow.create_topics()
    traffic = Traffic(flow, everything, random.Random(1))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(traffic.flow())
        flow.start_worker()
        start(flow, database)
        await goes_on(flow, database)
        yield traffic
        traffic.end()


async def goes_on(flow: Flow, database: str) -> None:
    """More is judged, and more is counted."""
    before = sum(offsets(database).values())

    async def has_counted() -> bool:
        return sum(offsets(database).values()) > before + 200

    await flow.wait_for_commits()
    await wait_for(has_counted, 120, "history to count", flow.workers)


async def copied(flow: Flow, broker: EmbeddedKafka, database: str, folder: Path) -> None:
    """The disk of a broker as it is at a moment, everything killed amid its work: what a snapshot of its volume has."""
    flow.stop()
    await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(shutil.copytree, broker.data_dir, folder)
    await back(flow, broker)
    flow.start_worker()
    start(flow, database)


async def back(flow: Flow, broker: EmbeddedKafka) -> None:
    """A broker that was started again knows of the groups."""
    await asyncio.to_thread(broker.start)

    async def answers() -> bool:
        try:
            await flow.committed()
        except KafkaError:
            return False
        return True

    await wait_for(answers, 120, "the group's coordinator")


async def lost(flow: Flow, broker: EmbeddedKafka) -> None:
    """Every process ends, and so does Kafka with all that it has."""
    flow.stop()
    await asyncio.to_thread(broker.kill)
    await asyncio.to_thread(shutil.rmtree, broker.data_dir)


async def restored(flow: Flow, broker: EmbeddedKafka, folder: Path) -> None:
    """What the copy has, and nothing else."""
    await asyncio.to_thread(shutil.copytree, folder, broker.data_dir)
    await back(flow, broker)


async def restored_database(server: str, database: str, backup: Path) -> None:
    name = sql.Identifier(str(psycopg.conninfo.conninfo_to_dict(database)["dbname"]))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(name))
        connection.execute(sql.SQL("create database {} template template0").format(name))
    await asyncio.to_thread(run, "pg_restore", "--exit-on-error", f"--dbname={database}", str(backup))


async def all_right(flow: Flow, traffic: Traffic, database: str) -> None:
    """All that Kafka holds is judged and counted, once."""
    await flow.produce(flow.closing_records(traffic.now_ms + 5 * MINUTE_MS))
    await flow.wait_until_read()
    await wait_until_counted(flow, database)
    for process in flow.workers:
        if process.exit_code is None:
            assert await process.stop() == 0
    judged = await flow.check()
    assert judged.all_alerts
    await check_all(flow, database)


def test_the_database_of_before_goes_with_the_kafka_of_after(
    flow: Flow, broker: EmbeddedKafka, postgres: str, database: str, tmp_path: Path
) -> None:
    """Its offsets lie in the log, so that history reads from there; what came after the backup of Kafka is lost."""

    async def scenario() -> None:
        async with at_work(flow, database) as traffic:
            await asyncio.to_thread(run, "pg_dump", "--format=custom", f"--file={tmp_path / 'slo.dump'}", database)
            await goes_on(flow, database)
            await copied(flow, broker, database, tmp_path / "copy")
            await goes_on(flow, database)
            counted = sum(offsets(database).values())
            await lost(flow, broker)
            await restored(flow, broker, tmp_path / "copy")
            await restored_database(postgres, database, tmp_path / "slo.dump")
            assert sum(offsets(database).values()) < counted
            flow.start_worker()
            start(flow, database)
            await goes_on(flow, database)
        await all_right(flow, traffic, database)

    asyncio.run(scenario())


def test_a_database_of_after_is_refused_whenever_and_an_empty_one_counts_anew(
    flow: Flow, broker: EmbeddedKafka, postgres: str, database: str, tmp_path: Path
) -> None:
    """It has read what Kafka does not hold any more: history says so at once, and when the log has grown again, too."""

    async def scenario() -> None:
        async with at_work(flow, database) as traffic:
            await copied(flow, broker, database, tmp_path / "copy")
            await goes_on(flow, database)
            traffic.end()
            await traffic.over.wait()
            await wait_until_counted(flow, database)
        counted = offsets(database)
        await lost(flow, broker)
        await restored(flow, broker, tmp_path / "copy")
        await is_refused(flow, database, "it was deleted and created anew, or lost records")
        now_ms = traffic.now_ms
        traffic = Traffic(flow, everything, random.Random(2))
        traffic.now_ms = now_ms
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(traffic.flow())
            worker = flow.start_worker()

            async def has_grown() -> bool:
                ends = await flow.end_offsets([TopicPartition(*place) for place in counted])
                return all(ends[TopicPartition(*place)] > end for place, end in counted.items() if end)

            await wait_for(has_grown, 240, "the log to be longer than it was", [worker])
            traffic.end()
        await is_refused(flow, database, "restored from a copy that is older than the database")
        with own_database(postgres) as empty:
            migrate(empty, shipped_migrations())
            start(flow, empty)
            await all_right(flow, traffic, empty)

    asyncio.run(scenario())


async def is_refused(flow: Flow, database: str, why: str) -> None:
    """History ends, says why, and has stored nothing."""
    before = offsets(database)
    history = start(flow, database)
    assert await history.end() == ExitCode.REFUSED
    assert why in history.log
    assert offsets(database) == before
