"""Case: what an event costs history, the database's CPU included, beside the least that comes before.

In this process, with an embedded PostgreSQL: the records of one partition are unpacked, decoded, counted and stored as
in a service that has a backlog to read, and at the end folded into the rows of their days. The least: the same records
unpacked, decoded and counted, and nothing stored.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg

from streams.database.connection import conninfo
from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.patient import PatientDatabase
from streams.database.roles import Role
from streams.database.schema import shipped_migrations
from streams.evaluation.listings import Listings
from streams.health.counts import Count
from streams.history.counting import Counting
from streams.history.folding import Folding
from streams.history.processor import MOST_MINUTES
from streams.history.rows import Rows
from streams.names import WEBHOOK
from streams.settings import APPLICATION_ID, PartitionerName
from tests.bench.best import cpu_s_of
from tests.bench.case import BrokenError, Reading, Stage
from tests.bench.load import SPAN_MS, Load
from tests.bench.stages import Batches, decoded, packed, slices
from tests.bench.usage import tree_usage

RATE: Final = "events per CPU second"
SHARE_OF_COUNTING: Final = "share of unpacking, decoding and counting alone"
SHARE_OF_DECODING: Final = "share of unpacking and decoding alone"
ROWS: Final = "rows appended per event"
LOADS: Final = (Load(250_000, apps=1_000, span_ms=SPAN_MS // 4), Load(1_000_000, apps=100_000, span_ms=SPAN_MS // 6))


class History:
    """Each load once a round, into an empty database."""

    async def prepare(self, stage: Stage) -> None:
        """The same records in every round."""
        self._batches = [packed(load.records()) for load in LOADS]

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """Events per CPU second of service and server."""
        for load, batches in zip(LOADS, self._batches, strict=True):
            decoding_s = cpu_s_of(lambda raw=batches: decoded(raw))  # type: ignore[misc]
            counting_s = cpu_s_of(lambda raw=batches: _counted(raw))  # type: ignore[misc]
            with (
                TemporaryDirectory(prefix="pg-") as folder,
                EmbeddedPostgres(Path(folder), overrides={"synchronous_commit": "off"}) as server,
            ):
                migrate(server.url, shipped_migrations())
                before_s = time.process_time() + _server_cpu_s(server)
                rows = await _store(server.url, batches)
                took_s = time.process_time() + _server_cpu_s(server) - before_s
                with psycopg.connect(server.url) as connection:
                    row = connection.execute("select sum(good + bad) from slo.day_sum").fetchone()
                if row is None or row[0] != load.events:
                    raise BrokenError(f"{load.events:,} events came, and {row} are stored")
            part = f"{load.apps:,} apps"
            yield {
                (part, RATE): load.events / took_s,
                (part, SHARE_OF_COUNTING): counting_s / took_s,
                (part, SHARE_OF_DECODING): decoding_s / took_s,
                (part, ROWS): rows / load.events,
            }


def _counted(batches: Batches) -> None:
    counting, told = _new_counting(), Counter[Count]()
    for records in slices(batches):
        counting.count(records, None, told)
        if counting.minutes >= MOST_MINUTES:
            counting.take()


async def _store(url: str, batches: Batches) -> int:
    """Count and store them; how many rows were appended."""
    database = PatientDatabase(conninfo(url, Role.WRITER, "bench"), patience_s=60, attempt_s=60)
    rows, appended = Rows(PartitionerName.MURMUR2), 0
    folding, counting, told = Folding(database, rows), _new_counting(), Counter[Count]()

    async def flush() -> int:
        tallies = counting.take().all
        rows.learn(await database.run(lambda connection: rows.add(connection, tallies)))
        return sum(len(tally.by_day()) for tally in tallies.values())

    for records in slices(batches):
        counting.count(records, None, told)
        if counting.minutes >= MOST_MINUTES:
            appended += await flush()
            if rows.are_many:
                await folding.fold()
    appended += await flush()
    await folding.fold()
    await database.close()
    return appended


def _new_counting() -> Counting:
    return Counting(WEBHOOK, lambda _key: True, Listings(), APPLICATION_ID)


def _server_cpu_s(server: EmbeddedPostgres) -> float:
    assert server.pid is not None
    return tree_usage(server.pid).cpu_s
