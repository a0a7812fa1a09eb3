"""What the desk has to publish: written with the facts in one transaction, and on Kafka some moments later.

Each record gets there at least once, in the order of the outbox, so that of each key the last one wins. The records
are sent in Kafka's transactions: a process that was thought dead is fenced off, and cannot send an earlier one again.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from psycopg.types.json import Jsonb

from streams.client.producer import acknowledged_producer
from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.kafka.rights import WRITE
from streams.kafka.specs import topics_of_desk
from streams.kafka.topic_setup import UnreachableClusterError, ensure_topics
from streams.settings import Settings

log = logging.getLogger(__name__)

_MOST: Final = 500  # records of one transaction
_ADD: Final = "insert into outbox (topic, key, value, headers) values (%s, %s, %s, %s)"
_NEXT: Final = "select position, topic, key, value, headers from outbox order by position limit %s"
_PUBLISHED: Final = "delete from outbox where position = any(%s)"


@dataclass(frozen=True, slots=True)
class Publication:
    """A record to be published; without a value it is a tombstone."""

    topic: str
    key: str
    value: bytes | None
    headers: Mapping[str, str]


async def publish_later(
    connection: Connection, topic: str, key: str, value: bytes | None, headers: Mapping[str, str] | None = None
) -> None:
    """Have a record published once this transaction is committed."""
    await connection.execute(_ADD.encode(), [topic, key, value, Jsonb(dict(headers or {}))])


class PublishStep:
    """Publishes what is in the outbox. While Kafka is away it stays there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._opened = AsyncExitStack()
        self._is_away = False

    async def take(self, desk: Desk) -> bool:
        """Publish the next records; whether there may be more."""
        rows: list[tuple[Any, ...]] = await desk.run(_read)
        if not rows:
            return False
        try:
            async with asyncio.timeout(self._settings.transaction_timeout / 1_000):
                await self._publish([Publication(*rest) for _position, *rest in rows])
        except (KafkaError, UnreachableClusterError, OSError, TimeoutError) as problem:
            self._note(problem)
            await self.rest()
            return False
        self._note(None)
        positions = [row[0] for row in rows]
        await desk.run(lambda connection: connection.execute(_PUBLISHED.encode(), [positions]))
        return len(rows) == _MOST

    async def rest(self) -> None:
        """Let go of the producer."""
        self._producer = None
        opened, self._opened = self._opened, AsyncExitStack()
        await opened.aclose()

    async def _publish(self, records: Sequence[Publication]) -> None:
        producer = await self._started()
        async with producer.transaction():
            sent = [
                await producer.send(
                    record.topic,
                    record.value,
                    record.key.encode(),
                    headers=[(name, text.encode()) for name, text in record.headers.items()],
                )
                for record in records
            ]
            await asyncio.gather(*sent)

    async def _started(self) -> AIOKafkaProducer:
        """The producer; its start fences off that of every earlier desk."""
        if self._producer is None:
            needed = topics_of_desk(self._settings)
            created = await ensure_topics(self._settings, needed, {spec.name: WRITE for spec in needed})
            if created:
                log.info("created topics: %s", ", ".join(created))
            producer = acknowledged_producer(
                self._settings,
                transactional_id=f"{self._settings.application_id}-desk",
                transaction_timeout_ms=self._settings.transaction_timeout,
            )
            self._producer = await self._opened.enter_async_context(producer)
        return self._producer

    def _note(self, problem: Exception | None) -> None:
        """Say when publishing begins to fail, and when it is back; not each attempt between."""
        if problem is not None and not self._is_away:
            log.warning("cannot publish yet, it stays in the outbox: %s: %s", type(problem).__name__, problem)
        if problem is None and self._is_away:
            log.info("published again")
        self._is_away = problem is not None


async def _read(connection: Connection) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_NEXT.encode(), [_MOST])).fetchall()
