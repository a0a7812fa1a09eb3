"""Case: a partition's state read back from its changelog, as when a worker takes it over."""

from collections.abc import AsyncIterator, Iterator
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.evaluation.series import Series
from streams.names import WEBHOOK, changelog
from streams.tables.rows import META_KEY, Meta, encode_key, encode_meta, encode_series
from tests.bench.case import BrokenError, Reading, Stage, measured_in_child

NAME: Final = "bench-restore"
PANES: Final = 15
FIRST_PANE: Final = 29_540_880
EVENTS_PER_PANE: Final = 20


class Restore:
    """The changelog is written once; every round reads it in a fresh process."""

    async def prepare(self, stage: Stage) -> None:
        """Write a changelog of one partition: as many series of 15 panes as asked for, and their meta row."""
        servers, topic = stage.kafka.bootstrap_servers, changelog(NAME, WEBHOOK)
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"cleanup.policy": "compact"})])
        finally:
            await admin.close()
        producer = AIOKafkaProducer(
            bootstrap_servers=servers, enable_idempotence=True, compression_type="lz4", max_batch_size=512 * 1024
        )
        await producer.start()
        try:
            sent, batch = [], producer.create_batch()
            for key, value in _rows(stage.rows):
                if batch.append(key=key, value=value, timestamp=None) is None:
                    sent.append(await producer.send_batch(batch, topic, partition=0))
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None)
            sent.append(await producer.send_batch(batch, topic, partition=0))
            for acknowledged in sent:
                await acknowledged
        finally:
            await producer.stop()

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """Restore it."""
        settings = stage.settings(NAME)
        restored = await measured_in_child("restoring", settings.bootstrap_servers, changelog(NAME, WEBHOOK), 0)
        if restored["rows"] != stage.rows:
            raise BrokenError(f"{stage.rows:,} rows were written and {restored['rows']:,} restored")
        yield {
            ("restore", "rows per second"): stage.rows / restored["wall_s"],
            ("restore", "rows per CPU second"): stage.rows / restored["cpu_s"],
            ("restore", "peak memory, MB"): restored["peak_mb"],
        }


def _rows(count: int) -> Iterator[tuple[bytes, bytes]]:
    for number in range(count):
        series = Series((f"com.example.app-{number}", "Jira"))
        for pane in range(FIRST_PANE, FIRST_PANE + PANES):
            series.by_host.add(pane, EVENTS_PER_PANE - number % 2, number % 2)
        yield encode_key(series.key), encode_series(series)
    yield META_KEY, encode_meta(Meta(0, None, count))
