"""The contract of stores, on PostgreSQL, for partitions of a real Kafka."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from streams.database.connection import conninfo
from streams.database.patient import PatientDatabase
from streams.database.roles import Role
from streams.evaluation.listings import Listings
from streams.history.counted_rows import CountedRows
from streams.history.processor import HistoryProcessor
from streams.history.rows import Rows
from streams.kafka.chunk import Chunk
from streams.names import WEBHOOK
from streams.ownership.seams import Processor
from streams.settings import Settings
from streams.sink.store import PostgresStore
from streams.sink.work import Progress
from tests.build import stored
from tests.kafka_fixture import Kafka
from tests.model import Record
from tests.model.build import delivery
from tests.ownership.store_contract import Harness, StoreContract

RECORDS = [delivery(f"12:0{minute}:05", 500 if minute == 3 else 204) for minute in range(6)]


class _Store(PostgresStore):
    """One with connections of its own."""

    async def close(self) -> None:
        """Let go of them."""
        await self._database.close()


async def produce(settings: Settings, topic: str, records: Sequence[Record]) -> None:
    """Write records one by one."""
    async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers) as producer:
        for record in records:
            await producer.send_and_wait(topic, record.value, record.key, timestamp_ms=record.timestamp_ms)


class PostgresHarness(Harness):
    """A partition that is counted into a database."""

    records = len(RECORDS)

    def __init__(self, settings: Settings, url: str) -> None:
        self._settings = settings
        self._topic = settings.topics.input(WEBHOOK)
        self._url = url

    def new_store(self) -> PostgresStore:
        """A store over the same rows."""
        database = PatientDatabase(conninfo(self._url, Role.WRITER, "test"), patience_s=30, attempt_s=10)
        rows = CountedRows(Rows(self._settings.partitioner))
        return _Store(self._settings, TopicPartition(self._topic, 0), database, rows, reader="history")

    def new_processor(self, loaded: Any | None) -> HistoryProcessor:
        """Goes on from the progress that is stored: the counts stay in the database."""
        progress = Progress(0) if loaded is None else loaded.progress
        return HistoryProcessor(
            WEBHOOK,
            self._topic,
            0,
            lambda _key: True,
            Listings(),
            self._settings.application_id,
            10_000,
            progress,
        )

    def chunk(self, start: int, end: int) -> Chunk:
        """Some of the records."""
        return Chunk.of(start, end, stored(RECORDS[start:end], start))

    def picture(self, processor: Processor) -> object:
        """How far it is, in the log and in time."""
        return processor.next_offset, processor.look().watermark_ms


class TestPostgresStore(StoreContract):
    """One topic with one partition, and an empty database."""

    @pytest.fixture
    def harness(self, kafka: Kafka, topic_prefix: str, database: str) -> Harness:
        """A partition that nobody has read yet."""
        settings = Settings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)

        async def prepare() -> None:
            await produce(settings, await kafka.create_topic(settings.topics.input(WEBHOOK)), RECORDS)

        asyncio.run(prepare())
        return PostgresHarness(settings, database)
