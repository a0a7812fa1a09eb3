"""Committed records of partitions in bulk, to their very end, in no group: for stored state that has to be known."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from itertools import chain
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.kafka.chunk import SourceRecord
from streams.kafka.chunked_records import AS_CHUNKS
from streams.kafka.connection import client_options, running
from streams.kafka.hidden import HiddenRecords
from streams.settings import Settings

_FETCH_BYTES: Final = 4 * 1024 * 1024
_WAIT_MS: Final = 1_000


def bulk_reader(settings: Settings, fetch_bytes: int = _FETCH_BYTES) -> AbstractAsyncContextManager[AIOKafkaConsumer]:
    """A consumer for `committed_records`, to be started by entering."""
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        value_deserializer=AS_CHUNKS,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=fetch_bytes,
    )
    return running(consumer)


async def committed_records(
    settings: Settings,
    tps: Collection[TopicPartition],
    since_ms: int | None = None,
    ends: Mapping[TopicPartition, int] | None = None,
    starts: Mapping[TopicPartition, int] | None = None,
    reader: AbstractAsyncContextManager[AIOKafkaConsumer] | None = None,
) -> AsyncGenerator[SourceRecord, None]:
    """The records of each partition up to where it ends now, in their order.

    With `since_ms` those of then and later, with `starts` those from an offset on. `reader` gives a `bulk_reader` that
    is running already, and fetches nothing once all is read.

    Without `ends` it ends where the first open transaction begins. With them it is read up to there, and what is open
    before is waited for: whether it counts must be known.

    Raises:
        KafkaError: the brokers do not answer.
    """
    if starts is not None and ends is not None:
        tps = [tp for tp in tps if starts[tp] < ends[tp]]
    if not tps:
        return
    hidden = HiddenRecords(settings)
    async with reader or bulk_reader(settings) as consumer:
        consumer.assign(list(tps))
        consumer.pause(*tps)  # behind a fetch that waits for records, every answer would wait, too
        ends = ends or await consumer.end_offsets(list(tps))
        if since_ms is not None:
            since = await consumer.offsets_for_times(dict.fromkeys(tps, since_ms))
            starts = {tp: ends[tp] if since[tp] is None else since[tp].offset for tp in tps}
        for tp in tps:
            if starts is not None:
                consumer.seek(tp, starts[tp])
            # By position, not by the last record: a log ends in transaction markers, which are never delivered.
            while await consumer.position(tp) < ends[tp]:
                consumer.resume(tp)
                fetched = await consumer.getmany(tp, timeout_ms=_WAIT_MS)
                if await consumer.position(tp) >= ends[tp]:
                    consumer.pause(tp)
                for chunk in chain.from_iterable(fetched.values()):
                    for record in chain.from_iterable(chunk.slices()):
                        yield record
                    await asyncio.sleep(0)
                if not fetched:
                    await hidden.look_for(tp.topic, tp.partition, await consumer.position(tp))
