"""The counting and storing of one partition on a real PostgreSQL, without Kafka, and what it has stored."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from aiokafka import TopicPartition

from streams.database.connection import conninfo
from streams.database.patient import PatientDatabase
from streams.database.roles import Role
from streams.evaluation.listings import Listings
from streams.history.assembly import READER
from streams.history.codec import DAY_MINUTES
from streams.history.counted_rows import CountedRows
from streams.history.folding import fold_from
from streams.history.latency import CHUNK_SLOTS, slot_and_bucket
from streams.history.processor import HistoryProcessor
from streams.history.recent import add_days, histograms_in
from streams.history.rows import Rows
from streams.kafka.chunk import Chunk
from streams.kafka.placement import partition_of
from streams.settings import PartitionerName, Settings
from streams.sink.store import PostgresStore
from streams.sink.work import Progress
from tests.build import stored
from tests.history.naive import Key
from tests.model import Record

LATENESS_MS = 10_000


@asynccontextmanager
async def patient(url: str, **more: Any) -> AsyncIterator[PatientDatabase]:
    """The database as the service works with it."""
    options = {"patience_s": 60.0, "attempt_s": 30.0, **more}
    database = PatientDatabase(conninfo(url, Role.WRITER, "test"), **options)
    try:
        yield database
    finally:
        await database.close()


class Sink:
    """One owner of one partition."""

    def __init__(
        self,
        database: PatientDatabase,
        topic: str,
        partition: int,
        partitions: int = 1,
        settings: Settings | None = None,
    ) -> None:
        self._database = database
        self._settings = settings or Settings()
        self.topic, self.partition, self._partitions = topic, partition, partitions
        self.store: PostgresStore
        self.processor: HistoryProcessor

    async def take_over(self) -> int:
        """Become the owner; the offset to read on from."""
        tp = TopicPartition(self.topic, self.partition)
        self.store = PostgresStore(
            self._settings, tp, self._database, CountedRows(Rows(self._settings.partitioner)), reader=READER
        )
        await self.store.open()
        progress = self.store.found or Progress(0)
        self.processor = HistoryProcessor(
            self._settings.topics.shown[self.topic],
            self.topic,
            self.partition,
            lambda key: partition_of(key, self._partitions, PartitionerName.MURMUR2) == self.partition,
            Listings(),
            self._settings.application_id,
            LATENESS_MS,
            progress,
        )
        return progress.next_offset

    def read(self, records: Sequence[Record]) -> None:
        """One chunk with the next records of the log."""
        start = self.processor.next_offset
        for _ in self.processor.apply(Chunk.of(start, start + len(records), stored(records, start)), None):
            pass

    async def commit(self) -> None:
        """Store what was counted since the last time."""
        work = self.processor.take_work()
        if work is not None:
            await self.store.write(work)


async def fold(database: PatientDatabase) -> None:
    """Fold all that is there."""
    series: int | None = 0
    while series is not None:
        after = series
        series = await database.run(lambda connection: fold_from(connection, after))  # noqa: B023


Table = dict[tuple[Key, int], int]


def stored_counts(url: str) -> tuple[Table, Table]:
    """Good and bad events by series and minute since 1970, without noughts."""
    good: Table = {}
    bad: Table = {}
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select app_key, metric, scope, source, day, packed from slo.all_counts join slo.series on id = series"
        ).fetchall()
    days = add_days(((tuple(key), day), packed) for *key, day, packed in rows)
    for (key, day), minutes in days.items():
        for counts, found in zip(minutes, (good, bad), strict=True):
            found.update({(key, day * DAY_MINUTES + i): n for i, n in enumerate(counts) if n})
    return good, bad


def stored_sums(url: str) -> dict[tuple[Key, int], tuple[int, int]]:
    """Good and bad events by series and day since 1970."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select app_key, metric, scope, source, day, sum(good)::bigint, sum(bad)::bigint "
            "from slo.all_sums join slo.series on id = series group by id, day"
        ).fetchall()
    return {((app, metric, scope, source), day): (good, bad) for app, metric, scope, source, day, good, bad in rows}


def stored_latencies(url: str) -> dict[tuple[Key, int], Counter[int]]:
    """Histograms by series and five minutes since 1970."""
    found: dict[tuple[Key, int], Counter[int]] = {}
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select app_key, metric, scope, source, chunk, packed from slo.all_latencies join slo.series on id = series"
        ).fetchall()
    for *key, chunk, packed in rows:
        for place, count in histograms_in(packed).items():
            slot, bucket = slot_and_bucket(place)
            histogram = found.setdefault((tuple(key), chunk * CHUNK_SLOTS + slot), Counter())
            histogram[bucket] += count
    return found


def stored_late(url: str) -> Table:
    """Late events by series and hour since 1970, without noughts."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select app_key, metric, scope, source, day, hours from slo.late join slo.series on id = series"
        ).fetchall()
    return {
        ((app, metric, scope, source), day * 24 + at): count
        for app, metric, scope, source, day, hours in rows
        for at, count in enumerate(hours)
        if count
    }


def stored_first_minutes(url: str) -> dict[Key, int]:
    """Of each series the minute since 1970 of its first event."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("select app_key, metric, scope, source, first_minute from slo.series").fetchall()
    return {(app, metric, scope, source): first for app, metric, scope, source, first in rows}


def empty(url: str) -> None:
    """Forget all history."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "truncate slo.application, slo.sink_offset, slo.series, slo.day_counts, slo.latency, slo.day_sum, "
            "slo.recent, slo.late"
        )
