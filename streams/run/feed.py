"""Sample events onto Kafka."""

import asyncio
from collections.abc import Iterable
from itertools import islice

from aiokafka import AIOKafkaProducer

from streams.run.sample import SampleEvent
from streams.settings import Settings

IN_FLIGHT = 5_000
"""Sample events sent before their acknowledgements are waited for."""


async def publish_sample(producer: AIOKafkaProducer, settings: Settings, events: Iterable[SampleEvent]) -> int:
    """Send a sample feed with the event times as Kafka timestamps; the number of events, all acknowledged.

    Raises:
        KafkaError: the brokers did not take an event.
    """
    count, remaining = 0, iter(events)
    while chunk := list(islice(remaining, IN_FLIGHT)):
        acknowledgements = [
            await producer.send(
                settings.topics.input(event.metric), event.value, event.app_key.encode(), timestamp_ms=event.time_ms
            )
            for event in chunk
        ]
        await asyncio.gather(*acknowledgements)  # a flush would not raise
        count += len(chunk)
    return count
