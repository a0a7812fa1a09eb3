"""Results of a prober and sample events onto Kafka."""

import asyncio
from collections.abc import Iterable
from itertools import islice

from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError

from streams.names import AVAILABILITY
from streams.prober.check import CheckResult
from streams.prober.prober import Report
from streams.run.sample import SampleEvent
from streams.settings import Settings

IN_FLIGHT = 5_000
"""Sample events sent before their acknowledgements are waited for."""


async def report_to(producer: AIOKafkaProducer, settings: Settings) -> Report:
    """Where a prober hands its results: one record each, waited for until the brokers have it.

    Raises:
        UnknownTopicOrPartitionError: the topic is missing, or hidden from this user; told before the first check.
    """
    topic = settings.topics.input(AVAILABILITY)
    if topic not in (await producer.client.fetch_all_metadata()).topics():
        raise UnknownTopicOrPartitionError("there is no such topic, or this user may not see it")

    async def report(result: CheckResult) -> None:
        await producer.send_and_wait(topic, key=result.target.app_key.encode(), value=result.to_json())

    return report


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
