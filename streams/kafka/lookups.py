"""What take-overs ask the brokers, over clients that all of a worker share while there are any.

A client takes a dozen round trips before its first answer: with some of its own for each partition, they would be most
of what a take-over costs.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import OffsetAndMetadata

from streams.kafka.bulk import bulk_reader
from streams.kafka.cluster import admin_client
from streams.kafka.connection import client_options, running
from streams.kafka.groups import committed_offsets
from streams.settings import Settings

Offsets = dict[TopicPartition, int]


class Lookups:
    """Starts clients when they are needed, and stops them when the last one who has entered leaves.

    Every question may raise `KafkaError`: the brokers do not answer, or not to this user.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._users = 0
        self._starting = asyncio.Lock()
        self._running = AsyncExitStack()
        self._consumer: AIOKafkaConsumer | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._readers: list[AIOKafkaConsumer] = []

    async def __aenter__(self) -> Self:
        self._users += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self._users -= 1
        if not self._users:
            running = self._running.pop_all()
            self._consumer, self._admin, self._readers = None, None, []
            await running.aclose()

    async def offsets(self, *tps: TopicPartition) -> tuple[Offsets, Offsets]:
        """The first offset of each log, and the one behind its last record, committed or not."""
        async with self:
            consumer = await self._asking()
            for tp in tps:  # of a topic that it does not know, it would ask again after a while only
                await consumer._client._wait_on_metadata(tp.topic)
            oldest, ends = await asyncio.gather(consumer.beginning_offsets(tps), consumer.end_offsets(tps))
            return oldest, ends

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""
        async with self:
            return len(await (await self._asking())._client._wait_on_metadata(topic))

    async def committed(self, group: str, tp: TopicPartition) -> OffsetAndMetadata | None:
        """What was committed for a partition; None where nothing was."""
        async with self:
            async with self._starting:
                if self._admin is None:
                    self._admin = await self._running.enter_async_context(admin_client(self._settings))
            return (await committed_offsets(self._admin, group, [tp])).get(tp)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AIOKafkaConsumer]:
        """A `bulk_reader` for one at a time: one that somebody else has done with, or a new one."""
        async with self:
            if self._readers:
                consumer = self._readers.pop()
            else:
                consumer = await self._running.enter_async_context(bulk_reader(self._settings))
            yield consumer
            self._readers.append(consumer)  # where reading went wrong, nobody gets it again

    async def _asking(self) -> AIOKafkaConsumer:
        async with self._starting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(**client_options(self._settings), enable_auto_commit=False)
                self._consumer = await self._running.enter_async_context(running(consumer))
            return self._consumer
