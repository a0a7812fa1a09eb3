"""The counting, judging and storing of one partition on a real PostgreSQL, without Kafka."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import psycopg
from aiokafka import TopicPartition

from streams.database.patient import Connection, PatientDatabase
from streams.evaluation.objective import Objective
from streams.history.assembly import READER
from streams.history.boundaries import Boundaries
from streams.history.counted_rows import CountedRows
from streams.history.judging import Judging, Rules
from streams.history.processor import HistoryProcessor
from streams.history.rows import Rows
from streams.history.stored_states import Judged, StoredStates
from streams.names import Topics
from streams.reference.reference import Reference
from streams.settings import PartitionerName, Settings
from streams.sink.store import PostgresStore
from streams.sink.work import Progress
from streams.turn import finish
from tests.history.sink import LATENESS_MS, Sink, patient
from tests.model import Record
from tests.model.alert import Alert


class JudgingSink(Sink):
    """One owner of one partition that is judged."""

    def __init__(
        self,
        database: PatientDatabase,
        topic: str,
        objectives: Iterable[Objective],
        partition: int = 0,
        partitions: int = 1,
        reference: Reference | None = None,
        elsewhere: Iterable[str] = (),
    ) -> None:
        super().__init__(database, topic, partition, partitions)
        metric = self._settings.topics.inputs[topic]
        self._rules = Rules([one for one in objectives if one.metric == metric.id], frozenset(elsewhere))
        self._reference = reference or Reference(Topics())

    async def take_over(self) -> int:
        settings: Settings = self._settings
        tp = TopicPartition(self.topic, self.partition)
        metric = settings.topics.inputs[self.topic]
        catalogue = self._reference.catalogue
        standings = StoredStates(tp, metric.id)
        judging = Judging(
            standings,
            self._rules,
            LATENESS_MS,
            PartitionerName.MURMUR2,
            self._reference.exclusions,
            catalogue.listings,
            catalogue.details,
        )
        judging.partitions = self._partitions
        rows = CountedRows(Rows(settings.partitioner), judging)
        self.store = PostgresStore(settings, tp, self._database, rows, reader=READER)
        await self.store.open()
        progress = self.store.found or Progress(0)

        async def judged(connection: Connection) -> Judged:
            return await standings.judged(connection)

        judged_ms, _ = await self._database.run(judged)
        if judged_ms is None and progress.watermark_ms is not None:
            judged_ms = progress.watermark_ms - LATENESS_MS
        self.processor = HistoryProcessor(
            metric,
            self.topic,
            self.partition,
            judging_is_ours(judging),
            catalogue.listings,
            settings.application_id,
            LATENESS_MS,
            progress,
            Boundaries(self._rules.hops_ms, LATENESS_MS, judged_ms),
        )
        return progress.next_offset

    def tick(self, until_ms: int) -> None:
        """Judge every boundary up to a time."""
        finish(self.processor.tick(until_ms + LATENESS_MS))


def judging_is_ours(judging: Judging) -> Any:
    return lambda key: judging.is_ours(key.decode(errors="replace"))


def judge_all(
    url: str,
    topic: str,
    objectives: Iterable[Objective],
    records: Sequence[Record],
    until_ms: int,
    reference: Reference | None = None,
) -> list[Alert]:
    """Count a log of one partition in one go, and judge it up to a time."""

    async def scenario() -> None:
        async with patient(url) as database:
            sink = JudgingSink(database, topic, objectives, reference=reference)
            await sink.take_over()
            sink.read(records)
            sink.tick(until_ms)
            await sink.commit()

    asyncio.run(scenario())
    return alerts(url)


def alerts(url: str) -> list[Alert]:
    """The alerts that wait for Kafka, in order."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("select alert from slo.alert_outbox order by topic, part, seq").fetchall()
    return [orjson.loads(alert) for (alert,) in rows]


def forget_judgements(url: str) -> None:
    """As if nothing had been judged."""
    with psycopg.connect(url) as connection:
        connection.execute("truncate slo.judgement, slo.objective_state, slo.alert_outbox")
