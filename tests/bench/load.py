"""The load: one hour of events, the same bytes for the same seed."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
from aiokafka import AIOKafkaProducer

from streams.kafka.placement import partition_of
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric
from streams.settings import PartitionerName

START_MS: Final = 1_772_452_800_000  # 2026-03-02T12:00:00Z
SPAN_MS: Final = 3_600_000
LATEST_MS: Final = 5_000
FAILED_SHARE: Final = 0.01
FIRST_RECORDS: Final = 100
"""So many come before the load proper, for a worker to be at rest behind: every partition gets some."""


class Delivery(NamedTuple):
    """A record to produce."""

    key: bytes
    value: bytes
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Load:
    """`events` spread evenly over `span_ms`, each up to 5 s older than its record, `failed_share` of them failed.

    Apps are drawn by chance, or come `in_turn`; a `hot_share` of the events is the first app's. `extra_bytes` are a
    field that nobody reads. An app's failures are scattered: with an objective of 99 % and 1 % failed, about half of
    all windows breach, far more than any real day brings, so that judging and alerts have their share of the cost.
    """

    events: int
    apps: int = 1_000
    span_ms: int = SPAN_MS
    start_ms: int = START_MS
    failed_share: float = FAILED_SHARE
    in_turn: bool = False
    hot_share: float = 0.0
    extra_bytes: int = 0
    metric: Metric = WEBHOOK
    seed: int = 7

    @property
    def first(self) -> "Load":
        """The records before it."""
        return Load(FIRST_RECORDS, apps=self.apps, span_ms=1, start_ms=self.start_ms, metric=self.metric)

    def records(self) -> Iterator[Delivery]:
        """The events in the order of their record times."""
        chance = random.Random(self.seed)
        keys = [f"com.example.app-{number}" for number in range(self.apps)]
        extra = {"note": "x" * self.extra_bytes} if self.extra_bytes else {}
        for number in range(self.events):
            key = keys[number % self.apps if self.in_turn else chance.randrange(self.apps)]
            if self.hot_share and chance.random() < self.hot_share:
                key = keys[0]
            stored_ms = self.start_ms + number * self.span_ms // self.events
            event = {"appKey": key, "time": stored_ms - chance.randrange(LATEST_MS)}
            event |= fields_of(self.metric, chance, is_good=chance.random() >= self.failed_share)
            yield Delivery(key.encode(), orjson.dumps(event | extra), stored_ms)


def _check(chance: random.Random, is_good: bool) -> dict[str, Any]:
    duration_ms = chance.randrange(20, 900)
    return {
        "baseUrl": "https://app.example.com",
        "statusCode": 200 if is_good else 500,
        "durationInMillis": duration_ms,
    }


def _iframe(chance: random.Random, is_good: bool) -> dict[str, Any]:
    return {
        "product": "Jira",
        "clientKey": f"client-{chance.randrange(1_000)}",
        "moduleType": "generalPages",
        "source": "HOST",
        "bridgeInMillis": chance.randrange(100, 9_000) if is_good else None,
    }


def _callback(chance: random.Random, is_good: bool) -> dict[str, Any]:
    return {
        "product": "Jira",
        "clientKey": f"client-{chance.randrange(1_000)}",
        "lifecycle": "installed",
        "statusCode": 200 if is_good else 500,
        "durationInMillis": chance.randrange(20, 900),
    }


def _delivery(chance: random.Random, is_good: bool) -> dict[str, Any]:
    return {
        "product": "Jira",
        "clientKey": f"client-{chance.randrange(1_000)}",
        "event": "jira:issue_updated",
        "statusCode": 200 if is_good else 500,
        "durationInMillis": chance.randrange(20, 900),
    }


_FIELDS: Final = {AVAILABILITY: _check, IFRAME: _iframe, INSTALLATION: _callback, WEBHOOK: _delivery}


def fields_of(metric: Metric, chance: random.Random, *, is_good: bool) -> dict[str, Any]:
    """What an event of a metric has beside app and time."""
    return _FIELDS[metric](chance, is_good)


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
