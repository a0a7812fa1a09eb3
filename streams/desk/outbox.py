"""What the desk has to publish: written with the facts in one transaction, and on Kafka some moments later.

Each record gets there once for whoever reads what is committed, in the order of the outbox. The records are sent in
Kafka's transactions: a process that was thought dead is fenced off, and cannot send an earlier one again. With them the
position and the id of the last one are committed, as an offset of a consumer group that nobody is in: whoever is the
desk next knows by it what of the outbox is in Kafka already. Where the broker has dropped that offset, or a backup was
restored, some may get there again, with the same values.

A record that is too large for Kafka is set aside with the reason: it stays in the outbox, and those behind it go on.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import OffsetAndMetadata
from psycopg.types.json import Jsonb

from streams.client.producer import acknowledged_producer
from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.kafka.cluster import admin_client
from streams.kafka.groups import committed_offsets
from streams.kafka.rights import WRITE
from streams.kafka.specs import topics_of_desk
from streams.kafka.topic_setup import UnreachableClusterError, ensure_topics
from streams.settings import Settings

log = logging.getLogger(__name__)

_MOST: Final = 500  # records of one transaction
_ADD: Final = "insert into outbox (topic, key, value, headers) values (%s, %s, %s, %s)"
_NEXT: Final = """
select position, id::text, topic, key, value, headers from outbox where refused is null order by position limit %s
"""
# Positions are in the order in which they were published; after a restored backup they may be others' by now.
_SETTLE: Final = """
delete from outbox where position <= %(position)s and refused is null
and exists (select from outbox where position = %(position)s and id::text = %(id)s)
"""
_SET_ASIDE: Final = "update outbox set refused = %s where position = %s"


@dataclass(frozen=True, slots=True)
class Publication:
    """A record to be published; without a value it is a tombstone."""

    topic: str
    key: str
    value: bytes | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Mark:
    """The last record that is in Kafka; all that was before it is, too."""

    position: int
    id: str


class _TooLargeError(Exception):
    """Kafka will never take a record."""

    def __init__(self, mark: Mark, record: Publication, problem: Exception) -> None:
        self.mark = mark
        self.why = f"{record.topic}, {record.key}: {problem}"
        super().__init__(self.why)


async def publish_later(
    connection: Connection, topic: str, key: str, value: bytes | None, headers: Mapping[str, str] | None = None
) -> None:
    """Have a record published once this transaction is committed."""
    await connection.execute(_ADD.encode(), [topic, key, value, Jsonb(dict(headers or {}))])


class PublishStep:
    """Publishes what is in the outbox. While Kafka is away it stays there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._group = f"{settings.application_id}-desk-outbox"
        self._place = TopicPartition(settings.topics.incidents, 0)  # an offset is of a partition; no matter which
        self._producer: AIOKafkaProducer | None = None
        self._published: Mark | None = None
        self._opened = AsyncExitStack()
        self._is_away = False

    async def take(self, desk: Desk) -> bool:
        """Publish the next records; whether there may be more."""
        rows = await desk.run(self._next)
        if not rows:
            return False
        try:
            async with asyncio.timeout(self._settings.transaction_timeout / 1_000):
                if self._producer is None:
                    self._producer, self._published = await self._started()
                    rows = await desk.run(self._next)
                if rows:
                    await self._publish(self._producer, rows)
        except _TooLargeError as problem:
            log.warning("a record that is too large is never published: %s", problem.why)
            await self.rest()
            await desk.run(partial(_set_aside, problem))
            return True
        except (KafkaError, UnreachableClusterError, OSError, TimeoutError) as problem:
            self._note(problem)
            await self.rest()
            return False
        self._note(None)
        await desk.run(self._settle)
        return len(rows) == _MOST

    async def rest(self) -> None:
        """Let go of the producer."""
        self._producer, self._published = None, None
        opened, self._opened = self._opened, AsyncExitStack()
        await opened.aclose()

    async def _next(self, connection: Connection) -> list[tuple[Mark, Publication]]:
        """The next records that are not in Kafka, as far as is known."""
        await self._settle(connection)
        rows = await (await connection.execute(_NEXT.encode(), [_MOST])).fetchall()
        return [(Mark(position, name), Publication(*rest)) for position, name, *rest in rows]

    async def _settle(self, connection: Connection) -> None:
        """What is in Kafka leaves the outbox."""
        if self._published is not None:
            values = {"position": self._published.position, "id": self._published.id}
            await connection.execute(_SETTLE.encode(), values)

    async def _publish(self, producer: AIOKafkaProducer, records: Sequence[tuple[Mark, Publication]]) -> None:
        last, _ = records[-1]
        async with producer.transaction():
            sent = [await _send(producer, *one) for one in records]
            for answer, one in zip(await asyncio.gather(*sent, return_exceptions=True), records, strict=True):
                if isinstance(answer, MessageSizeTooLargeError):
                    raise _TooLargeError(*one, answer)
                if isinstance(answer, BaseException):
                    raise answer
            offsets = {self._place: OffsetAndMetadata(last.position, last.id)}
            await producer.send_offsets_to_transaction(offsets, self._group)
        self._published = last

    async def _started(self) -> tuple[AIOKafkaProducer, Mark | None]:
        """The producer, whose start fences off that of every earlier desk; and the last record that is in Kafka."""
        needed = topics_of_desk(self._settings)
        created = await ensure_topics(self._settings, needed, {spec.name: WRITE for spec in needed})
        if created:
            log.info("created topics: %s", ", ".join(created))
        producer = acknowledged_producer(
            self._settings,
            transactional_id=f"{self._settings.application_id}-desk",
            transaction_timeout_ms=self._settings.transaction_timeout,
        )
        producer = await self._opened.enter_async_context(producer)
        async with admin_client(self._settings) as admin:
            stored = (await committed_offsets(admin, self._group, [self._place])).get(self._place)
        return producer, None if stored is None else Mark(stored.offset, stored.metadata)

    def _note(self, problem: Exception | None) -> None:
        """Say when publishing begins to fail, and when it is back; not each attempt between."""
        if problem is not None and not self._is_away:
            log.warning("cannot publish yet, it stays in the outbox: %s: %s", type(problem).__name__, problem)
        if problem is None and self._is_away:
            log.info("published again")
        self._is_away = problem is not None


async def _send(producer: AIOKafkaProducer, mark: Mark, record: Publication) -> asyncio.Future[Any]:
    """Hand a record to the producer; what becomes of it."""
    headers = [(name, text.encode()) for name, text in record.headers.items()]
    try:
        sent: asyncio.Future[Any] = await producer.send(
            record.topic, record.value, record.key.encode(), headers=headers
        )
    except MessageSizeTooLargeError as problem:
        raise _TooLargeError(mark, record, problem) from None
    return sent


async def _set_aside(problem: _TooLargeError, connection: Connection) -> None:
    await connection.execute(_SET_ASIDE.encode(), [problem.why, problem.mark.position])
