"""Following the app catalogue in a consumer group: each member has the apps of its partitions, as they are now."""

import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError

from schemas.apps import App
from streams.kafka.cluster import find_topic
from streams.kafka.connection import client_options
from streams.names import Topics, name_of
from streams.prober.lease import Lease
from streams.registry.apps import learn
from streams.settings import Settings

log = logging.getLogger(__name__)

_POLL_MS: Final = 500
_HEARTBEATS: Final = 10
"""In a session timeout: a lease starts with the first heartbeat after the partitions came."""

Change = Callable[[int, Iterable[App]], None]
"""Called with a partition and all its apps, whenever they change; with none when the partition goes."""


@dataclass(slots=True)
class _Partition:
    """Apps of a partition by their keys; shown once read to where it ended when it came."""

    apps: dict[str, App] = field(default_factory=dict)
    is_shown: bool = False


class CatalogueFollower(ConsumerRebalanceListener):  # type: ignore[misc]
    """The catalogue of this member; see `catalogue_follower`.

    Nothing is committed: whoever gets a partition reads it from its beginning. What a member has to let go it lets go
    before anybody else is given it, so between two members an app is for a moment with nobody, never with both.
    """

    def __init__(self, topics: Topics, consumer: AIOKafkaConsumer, change: Change) -> None:
        self._topics = topics
        self._consumer = consumer
        self._change = change
        self._partitions: dict[TopicPartition, _Partition] = {}

    async def run(self) -> None:
        """Follow for ever.

        Raises:
            KafkaError: the brokers refuse to go on.
        """
        while True:
            for tp, records in (await self._consumer.getmany(timeout_ms=_POLL_MS)).items():
                self._apply(tp, records)
            await self._show_what_is_read()

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Let go of them, at once."""
        for tp in revoked:
            if self._partitions.pop(tp, None) is not None:
                self._change(tp.partition, ())

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Begin to read them; an exception would only be logged, so nothing here can fail."""
        self._partitions = {tp: _Partition() for tp in assigned}
        for tp in self._partitions:
            self._consumer.seek(tp, 0)  # also what was fetched before this call and found no place
        log.info("partitions of the catalogue for this member: %s", sorted(tp.partition for tp in self._partitions))

    def _apply(self, tp: TopicPartition, records: Iterable[Any]) -> None:
        partition = self._partitions.get(tp)
        if partition is None:
            return  # taken away while the records were on their way
        for record in records:
            rejection = learn(partition.apps, self._topics, record)
            if rejection is not None:
                where = f"{name_of(*tp)} at {record.offset}"
                log.warning("%s changes nothing: %s: %s", where, rejection.reason, rejection.detail)
        if partition.is_shown:
            self._change(tp.partition, partition.apps.values())

    async def _show_what_is_read(self) -> None:
        unread = {tp: one for tp, one in self._partitions.items() if not one.is_shown}
        ends = await self._consumer.end_offsets(unread) if unread else {}
        for tp, partition in unread.items():
            try:
                position = await self._consumer.position(tp)
            except IllegalStateError:
                continue  # taken away meanwhile
            if position >= ends[tp] and self._partitions.get(tp) is partition:
                partition.is_shown = True
                self._change(tp.partition, partition.apps.values())


@asynccontextmanager
async def catalogue_follower(
    settings: Settings, group: str, lease: Lease, change: Change
) -> AsyncIterator[CatalogueFollower]:
    """A member of a group that shares the catalogue's partitions, as long as the lease is fresh.

    Leaving the context leaves the group.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    topic = settings.topics.apps
    await find_topic(settings, topic)
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        group_id=group,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=settings.session_timeout,
        heartbeat_interval_ms=settings.session_timeout // _HEARTBEATS,
    )
    follower = CatalogueFollower(settings.topics, consumer, change)
    try:
        await consumer.start()
        lease.follow(consumer)
        consumer.subscribe([topic], listener=follower)
        yield follower
    finally:
        await consumer.stop()
