"""The load: one hour of webhook deliveries, the same bytes for the same seed."""

import random
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from streams.intake.placement import partition_of
from streams.settings import PartitionerName

START_MS: Final = 1_772_452_800_000  # 2026-03-02T12:00:00Z
SPAN_MS: Final = 3_600_000
LATEST_MS: Final = 5_000
FAILED_SHARE: Final = 0.01


class Delivery(NamedTuple):
    """A record to produce."""

    key: bytes
    value: bytes
    timestamp_ms: int


def deliveries(
    count: int, *, apps: int, start_ms: int = START_MS, span_ms: int = SPAN_MS, seed: int = 7
) -> Iterator[Delivery]:
    """`count` deliveries spread evenly over `span_ms`, each up to 5 s older than its record, 1 % of them failed.

    An app's failures are scattered: with an objective of 99 % about half of all windows breach, far more than any real
    day brings, so that judging and alerts have their share of the cost.
    """
    chance = random.Random(seed)
    keys = [f"com.example.app-{number}" for number in range(apps)]
    for number in range(count):
        key = keys[chance.randrange(apps)]
        stored_ms = start_ms + number * span_ms // count
        event = {
            "appKey": key,
            "time": stored_ms - chance.randrange(LATEST_MS),
            "product": "Jira",
            "clientKey": f"client-{chance.randrange(1_000)}",
            "event": "jira:issue_updated",
            "statusCode": 500 if chance.random() < FAILED_SHARE else 200,
            "durationInMillis": chance.randrange(20, 900),
        }
        yield Delivery(key.encode(), orjson.dumps(event), stored_ms)


async def produce(producer: AIOKafkaProducer, topic: str, partitions: int, records: Iterable[Delivery]) -> None:
    """Append records in whole batches, each record to the partition of its key, and wait until all are stored."""
    places: dict[bytes, int] = {}
    batches = [producer.create_batch() for _ in range(partitions)]
    sent = []
    for key, value, timestamp_ms in records:
        place = places.get(key)
        if place is None:
            place = places[key] = partition_of(key, partitions, PartitionerName.MURMUR2)
        if batches[place].append(key=key, value=value, timestamp=timestamp_ms) is None:
            sent.append(await producer.send_batch(batches[place], topic, partition=place))
            batches[place] = producer.create_batch()
            batches[place].append(key=key, value=value, timestamp=timestamp_ms)
    for place, batch in enumerate(batches):
        sent.append(await producer.send_batch(batch, topic, partition=place))
    for acknowledged in sent:
        await acknowledged
