"""Committed records of partitions in bulk, to their very end, in no group: for stored state that has to be known."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from itertools import chain
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.chunk import SourceRecord
from streams.kafka.chunked_records import AS_CHUNKS
from streams.kafka.connection import client_options
from streams.settings import Settings

_FETCH_BYTES: Final = 4 * 1024 * 1024
_WAIT_MS: Final = 1_000


async def committed_records(
    settings: Settings, tps: Collection[TopicPartition], since_ms: int | None = None
) -> AsyncGenerator[SourceRecord, None]:
    """The records of each partition up to where it ends now, in their order; with `since_ms` those of then and later.

    Raises:
        KafkaError: the brokers do not answer.
    """
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        value_deserializer=AS_CHUNKS,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    try:
        await consumer.start()
        # Asked before anything is fetched: behind a fetch that waits for records, the answer would wait, too.
        ends = await consumer.end_offsets(list(tps))
        since = {} if since_ms is None else await consumer.offsets_for_times(dict.fromkeys(tps, since_ms))
        for tp in tps:
            consumer.assign([tp])
            if since_ms is None:
                await consumer.seek_to_beginning(tp)
            else:
                consumer.seek(tp, ends[tp] if since[tp] is None else since[tp].offset)
            # By position, not by the last record: a log ends in transaction markers, which are never delivered.
            while await consumer.position(tp) < ends[tp]:
                for chunks in (await consumer.getmany(tp, timeout_ms=_WAIT_MS)).values():
                    for chunk in chunks:
                        for record in chain.from_iterable(chunk.slices()):
                            yield record
                        await asyncio.sleep(0)
    finally:
        await consumer.stop()
