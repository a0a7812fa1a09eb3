"""The brokers' time for a service without heartbeats of its own: those of the workers carry it, in silence, too."""

import asyncio
import time
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.chunk import LOG_APPEND_TIME
from streams.kafka.cluster import MissingTopicError
from streams.kafka.reader import topic_reader
from streams.ownership.clock import WorkerClock
from streams.settings import Settings

_RETRY_S: Final = 10.0


async def hear_time(settings: Settings, clock: WorkerClock) -> None:
    """Tell the clock when brokers took the heartbeats that come from now on, until cancelled.

    Nobody waits for the first: no worker may be running.
    """
    topic = settings.topics.heartbeat
    clock.stand_in(f"no heartbeat on {topic} yet")
    while True:
        try:
            async with topic_reader(settings, topic) as (consumer, partitions):
                consumer.assign(partitions)
                await consumer.seek_to_end(*partitions)
                async for record in consumer:
                    seen_s = time.monotonic()
                    broker = consumer._client.cluster.leader_for_partition(TopicPartition(topic, record.partition))
                    if record.timestamp_type == LOG_APPEND_TIME and broker is not None:
                        clock.tell(broker, record.timestamp, seen_s)
        except (KafkaError, MissingTopicError, OSError):  # events tell it, too, and are read by others
            await asyncio.sleep(_RETRY_S)
