"""Writing a compacted topic: every record acknowledged by all replicas, each key in its own partition."""

import asyncio
from collections.abc import Mapping

from schemas.record import Record
from streams.client.producer import acknowledged_producer
from streams.settings import Settings


async def write(settings: Settings, topic: str, records: Mapping[str, Record | None]) -> None:
    """Set keys to their records, None to remove them. A failure may leave some of them written.

    Raises:
        KafkaError: the brokers did not take a record.
    """
    if not records:
        return
    async with acknowledged_producer(settings) as producer:
        sent = [
            await producer.send(topic, None if record is None else to_json(record), key.encode())
            for key, record in records.items()
        ]
        await asyncio.gather(*sent)  # a flush would not raise


def to_json(record: Record) -> bytes:
    """The record as it is written: the fields of its topic and no others."""
    return record.model_dump_json().encode()
