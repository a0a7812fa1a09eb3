"""The commit of a unit in Kafka: one transaction of the partition's own producer, or nothing.

The transactional id belongs to the source partition. Starting its producer fences every earlier owner, so a worker
that was thought dead can neither add a row nor move the offset.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.intake.placement import partition_of
from streams.kafka.connection import client_options
from streams.outlet.outgoing import Outgoing
from streams.settings import Settings
from streams.unit.failpoints import Failpoint, Step
from streams.unit.work import Work

_BATCH_BYTES = 512 * 1024


class Ledger:
    """Where one source partition's commits go."""

    def __init__(self, settings: Settings, topic: str, partition: int, changelog: str, failpoint: Failpoint) -> None:
        self._settings = settings
        self._source = TopicPartition(topic, partition)
        self._changelog = changelog
        self._failpoint = failpoint
        self._time_limit_s = settings.session_timeout / 1_000
        self._producer = AIOKafkaProducer(
            **client_options(settings),
            transactional_id=f"{settings.application_id}-{topic}-{partition}",
            transaction_timeout_ms=settings.session_timeout,
            request_timeout_ms=settings.session_timeout,
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            max_batch_size=_BATCH_BYTES,
        )

    async def open(self) -> None:
        """Fence every earlier owner and finish off what it left."""
        await self._producer.start()

    async def close(self) -> None:
        """Let go of the connection."""
        await self._producer.stop()

    async def partitions(self, topic: str) -> int:
        """Partition count of a topic."""
        return len(await self._producer.partitions_for(topic))

    async def write(self, work: Work) -> None:
        """Store all of the work, or raise: then nobody can tell, and the process must end.

        Raises:
            TimeoutError: not done within the session timeout.
            aiokafka.errors.KafkaError: refused, or fenced by a newer owner.
        """
        async with asyncio.timeout(self._time_limit_s):
            await self._producer.begin_transaction()
            await _all(await self._send_rows(work.rows))
            self._failpoint.passed(Step.AFTER_ROWS)
            await _all([await self._send(record) for record in (*work.alerts, *work.misfits)])
            self._failpoint.passed(Step.AFTER_ALERTS)
            offset = OffsetAndMetadata(work.next_offset, work.summary)
            await self._producer.send_offsets_to_transaction({self._source: offset}, self._settings.application_id)
            self._failpoint.passed(Step.AFTER_OFFSETS)
            await self._producer.commit_transaction()
            self._failpoint.passed(Step.AFTER_COMMIT)

    async def _send_rows(self, rows: Sequence[tuple[bytes, bytes | None]]) -> list[Awaitable[Any]]:
        """Rows in whole batches: a tenth of the cost of sending them one by one."""
        sent: list[Awaitable[Any]] = []
        batch = self._producer.create_batch()
        for key, value in rows:
            if batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await self._send_batch(batch))
                batch = self._producer.create_batch()
                batch.append(key=key, value=value, timestamp=None)
        sent.append(await self._send_batch(batch))
        return sent

    async def _send_batch(self, batch: Any) -> Awaitable[Any]:
        return await self._producer.send_batch(batch, self._changelog, partition=self._source.partition)  # type: ignore[no-any-return]

    async def _send(self, record: Outgoing) -> Awaitable[Any]:
        partition = None
        if record.partition_key is not None:
            count = await self.partitions(record.topic)
            partition = partition_of(record.partition_key, count, self._settings.partitioner)
        return await self._producer.send(  # type: ignore[no-any-return]
            record.topic,
            key=record.key,
            value=record.value,
            headers=record.headers,
            partition=partition,
            timestamp_ms=record.timestamp_ms,
        )


async def _all(sent: Iterable[Awaitable[Any]]) -> None:
    """Wait for every record to be acknowledged; any refusal raises."""
    await asyncio.gather(*sent)
