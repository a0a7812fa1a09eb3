"""Reading what the evaluator published: transitions as they come, and what is breached right now."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pydantic import ValidationError

from schemas import Alert
from schemas.event_time import epoch_ms
from streams.kafka.placement import partition_of
from streams.kafka.reader import read_to_end, topic_reader
from streams.settings import Settings


@asynccontextmanager
async def alert_records(settings: Settings, *, from_start: bool) -> AsyncIterator[AsyncIterator[Any]]:
    """Committed records of the alerts topic, without end: all that are kept, or those after this moment.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    async with topic_reader(settings, settings.topics.alerts) as (consumer, tps):
        consumer.assign(tps)
        await (consumer.seek_to_beginning(*tps) if from_start else consumer.seek_to_end(*tps))
        yield aiter(consumer)


async def past_alerts(settings: Settings, app_key: str | None, since_ms: int) -> list[Alert]:
    """The alerts of one app, or of all, with a boundary at `since_ms` or after it, in the order of their boundaries.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    found = []
    async with topic_reader(settings, settings.topics.alerts) as (consumer, tps):
        if app_key is not None:
            partition = partition_of(app_key.encode(), len(tps), settings.partitioner)
            tps = [tp for tp in tps if tp.partition == partition]
        # An alert is published after its boundary, never before: what has an older timestamp is older.
        async for record in read_to_end(consumer, tps, since_ms):
            alert = read_alert(record.value)
            if alert is not None and app_key in (None, alert.app_key) and epoch_ms(alert.time) >= since_ms:
                found.append(alert)
    return sorted(found, key=lambda alert: alert.time)


async def open_breaches(settings: Settings) -> list[Alert]:
    """The breach of every series and objective that has not recovered, the oldest first.

    Raises:
        MissingTopicError: nobody has created the topic yet.
        KafkaError: no broker could be reached.
    """
    latest: dict[bytes, bytes | None] = {}
    async with topic_reader(settings, settings.topics.alert_state) as (consumer, tps):
        async for record in read_to_end(consumer, tps):
            latest[record.key] = record.value
    alerts = [alert for value in latest.values() if (alert := read_alert(value)) is not None]
    return sorted((alert for alert in alerts if alert.type == "BREACH"), key=lambda alert: alert.breached_at)


def read_alert(value: bytes | None) -> Alert | None:
    """The alert of a record; None for what is none, which only another program can have written."""
    try:
        return Alert.model_validate_json(value or b"")
    except ValidationError:
        return None
