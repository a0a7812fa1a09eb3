"""Counting a day anew from Kafka, up to where the database has counted it, by the very counting of the service."""

from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.database.text import storable
from streams.health.counts import Count
from streams.history.codec import DAY_MINUTES, MINUTE_MS, add_to_day
from streams.history.counting import Counting
from streams.history.latency import add_to_chunk
from streams.history.tally import SeriesKey
from streams.intake.admission import FUTURE_TOLERANCE_MS
from streams.kafka.bulk import committed_records
from streams.kafka.chunk import SLICE_RECORDS, SourceRecord
from streams.kafka.connection import client_options
from streams.names import name_of
from streams.registry.reference import read_reference
from streams.settings import Settings

DAY_MS: Final = DAY_MINUTES * MINUTE_MS
_MOST_MINUTES: Final = 100_000  # of series, in memory before they are packed

Offsets = Mapping[tuple[str, int], int]
"""Topic and partition -> up to where it is counted."""


@dataclass(slots=True)
class Recount:
    """What the events of a day come to: packed rows as the database has them.

    `topics` are those that were counted. Of the others Kafka has lost records that may be of the day; `lost` tells.
    """

    counts: dict[SeriesKey, bytes] = field(default_factory=dict)
    latencies: dict[SeriesKey, bytes] = field(default_factory=dict)
    topics: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


async def recount_day(settings: Settings, day: int, counted: Offsets, app_key: str | None) -> Recount:
    """The day, days since 1970, of one app (None: all), from the records before these offsets.

    Records are looked for from a minute before it on: none is older than its event by more. Those without a Kafka
    timestamp are found only behind others.

    Raises:
        MissingTopicError, KafkaError: the topics cannot be read.
    """
    found = Recount()
    since_ms = day * DAY_MS - FUTURE_TOLERANCE_MS
    listings = (await read_reference(settings, settings.topics.apps)).catalogue.listings
    for topic, metric in settings.topics.shown.items():
        tps = {TopicPartition(topic, part): end for (name, part), end in counted.items() if name == topic}
        if not tps:
            continue
        lost = await _lost(settings, tps, since_ms)
        found.lost += lost
        if lost:
            continue
        found.topics.append(topic)
        for tp, end in tps.items():
            counting = Counting(metric, lambda _key: True, listings, settings.application_id)
            records: list[SourceRecord] = []
            async with aclosing(committed_records(settings, [tp], since_ms)) as log:
                async for record in log:
                    if record.offset >= end:
                        break
                    records.append(record)
                    if len(records) >= SLICE_RECORDS:
                        _count(counting, records, day, app_key, found)
            _count(counting, records, day, app_key, found)
            _pack(counting, day, app_key, found)
    return found


async def _lost(settings: Settings, tps: Mapping[TopicPartition, int], since_ms: int) -> list[str]:
    """The partitions that may have lost records of that time or later, and since when they have any."""
    async with AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False) as consumer:
        oldest = await consumer.beginning_offsets(list(tps))
        since = await consumer.offsets_for_times(dict.fromkeys(tps, since_ms))
    return [
        name_of(*tp)
        for tp, found in since.items()
        if oldest[tp] > 0 and (oldest[tp] > tps[tp] or (found is not None and found.offset == oldest[tp]))
    ]


def _count(counting: Counting, records: list[SourceRecord], day: int, app_key: str | None, found: Recount) -> None:
    counting.count(records, None, Counter[Count]())
    records.clear()
    if counting.minutes >= _MOST_MINUTES:
        _pack(counting, day, app_key, found)


def _pack(counting: Counting, day: int, app_key: str | None, found: Recount) -> None:
    """Add what was counted of the day."""
    wanted = None if app_key is None else storable(app_key)
    for key, tally in counting.take().all.items():
        if wanted not in (None, key.app_key):
            continue
        minutes = tally.by_day().get(day)
        if minutes:
            found.counts[key] = add_to_day(found.counts.get(key), minutes)
        latencies = tally.latencies_by_day().get(day)
        if latencies:
            found.latencies[key] = add_to_chunk(found.latencies.get(key), latencies)
