"""A database whose disk is full, or slower than anybody waits: all is stored once it goes on, and nothing twice."""

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations
from tests.build import APPLICATION
from tests.database_fixture import KILLED
from tests.history.naive import recount, table
from tests.history.sink import Sink, fold, patient, stored_counts
from tests.history.test_store import WEBHOOKS, webhooks
from tests.model import Record
from tests.waiting import wait_for

DISK_BYTES = 160 * 1024 * 1024
SMALL_WAL = {"min_wal_size": "32MB", "max_wal_size": "32MB"}


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A folder on a disk of its own."""
    with TemporaryDirectory(prefix="pg-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "slo-history", folder]
        if os.geteuid() != 0 or subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
            pytest.skip("a small disk can only be mounted by root")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Use all that is left of the disk."""
    with suppress(OSError), file.open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4_096))


async def store(sink: Sink, log: list[Record], chance: random.Random) -> None:
    while sink.processor.next_offset < len(log):
        at = sink.processor.next_offset
        sink.read(log[at : at + chance.randrange(1, 20)])
        await sink.commit()


def is_exact(url: str, log: list[Record]) -> bool:
    expected = recount(log, application=APPLICATION, partitions=1)
    return stored_counts(url) == (table(expected.good), table(expected.bad))


@pytest.mark.timeout(240)
def test_a_full_disk_is_waited_for(small_disk: Path) -> None:
    log = webhooks(3, 8_000)
    told: list[str] = []

    def tell(why: str | None) -> None:
        if why is not None:
            told.append(why)

    async def is_told() -> bool:
        return any("No space left on device" in why for why in told)

    async def scenario(server: EmbeddedPostgres) -> None:
        async with patient(server.url, patience_s=200.0, tell=tell) as database:
            sink = Sink(database, WEBHOOKS, 0)
            await sink.take_over()
            await store(sink, log[:100], random.Random(1))
            ballast = small_disk / "ballast"
            fill(ballast)
            storing = asyncio.create_task(store(sink, log, random.Random(2)))
            await wait_for(is_told, 120, "the disk to be full")
            ballast.unlink()
            await storing
            await fold(database)

    with EmbeddedPostgres(small_disk, overrides={**KILLED, **SMALL_WAL}) as server:
        migrate(server.url, shipped_migrations())
        asyncio.run(scenario(server))
        assert is_exact(server.url, log)


def backends(server: EmbeddedPostgres) -> list[int]:
    """Process ids of those that serve a connection."""
    with psycopg.connect(server.url) as connection:
        query = "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
        return [pid for (pid,) in connection.execute(query.encode())]


@pytest.mark.timeout(400)
def test_a_commit_that_takes_longer_than_anybody_waits_counts_once() -> None:
    """Its connection is given up, and what was sent over it may still be done, at any later time."""
    log = webhooks(5, 24_000)
    chance = random.Random(5)

    async def scenario(server: EmbeddedPostgres) -> int:
        times = 0
        async with patient(server.url, attempt_s=1.0) as database:
            sink = Sink(database, WEBHOOKS, 0)
            await sink.take_over()
            storing = asyncio.create_task(store(sink, log, chance))
            while not storing.done():
                await asyncio.wait([storing], timeout=chance.uniform(0.1, 0.4))
                stopped = [] if storing.done() else await asyncio.to_thread(backends, server)
                for pid in stopped:
                    os.kill(pid, signal.SIGSTOP)
                await asyncio.wait([storing], timeout=1.5)
                for pid in stopped:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)
                times += bool(stopped)
            await storing
        return times

    with TemporaryDirectory(prefix="pg-") as folder, EmbeddedPostgres(Path(folder), overrides=KILLED) as server:
        migrate(server.url, shipped_migrations())
        assert asyncio.run(scenario(server))  # how often depends on the machine
        assert is_exact(server.url, log)
