"""Reading the heartbeats of one application, for one look or for as long as somebody watches."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

from aiokafka import AIOKafkaConsumer
from pydantic import ValidationError

from schemas.heartbeat import Heartbeat
from streams.kafka.cluster import find_topics
from streams.kafka.reader import read_to_end, topic_reader
from streams.settings import Settings
from streams.watch.look import Heard, Place

_WAIT_MS: Final = 1_000


class Heartbeats:
    """`heard` has the latest of each partition, `partitions` how many each input topic has."""

    def __init__(self, settings: Settings, partitions: dict[str, int], consumer: AIOKafkaConsumer) -> None:
        self._application_id = settings.application_id
        self._consumer = consumer
        self.partitions = partitions
        self.heard: dict[Place, Heard] = {}

    async def follow(self) -> NoReturn:
        """Read on.

        Raises:
            KafkaError: the topic can be read no longer.
        """
        while True:
            for records in (await self._consumer.getmany(timeout_ms=_WAIT_MS)).values():
                for record in records:
                    self.take(record)

    def take(self, record: Any) -> None:
        """Learn from a record; of another application, or one that is no heartbeat, nothing."""
        try:
            heartbeat = Heartbeat.model_validate_json(record.value or b"")
        except ValidationError:
            return
        if heartbeat.application_id == self._application_id:
            heard = Heard(record.timestamp, heartbeat.lag, heartbeat.worker)
            self.heard[heartbeat.topic, heartbeat.partition] = heard


@asynccontextmanager
async def heartbeats(settings: Settings) -> AsyncIterator[Heartbeats]:
    """Those of `SLO_APPLICATION_ID`, read to where they end now.

    Raises:
        MissingTopicError, KafkaError: they cannot be read.
    """
    found = await find_topics(settings, settings.topics.inputs)
    async with topic_reader(settings, settings.topics.heartbeat) as (consumer, places):
        its = Heartbeats(settings, {name: topic.partitions for name, topic in found.items()}, consumer)
        async for record in read_to_end(consumer, places):
            its.take(record)
        yield its
