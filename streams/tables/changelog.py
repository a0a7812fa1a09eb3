"""Reading a partition's state back from its changelog: in bulk, to the very end, committed rows only."""

import asyncio
from dataclasses import dataclass
from itertools import chain
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.evaluation.series import Series
from streams.exits import RefusalError
from streams.kafka.chunked_records import AS_CHUNKS
from streams.kafka.connection import client_options
from streams.names import name_of
from streams.settings import Settings
from streams.tables.rows import META_KEY, Meta, decode_meta, decode_series

_FETCH_BYTES = 4 * 1024 * 1024
_ROWS_AT_A_TIME: Final = 10_000  # a state of a million series is read beside others that are judged


class StateLostError(RefusalError):
    """The changelog does not hold the state that was committed."""


@dataclass(frozen=True, slots=True)
class State:
    """What a changelog partition holds: the meta row, None at the very first start, and the series."""

    meta: Meta | None
    series: list[Series]


async def restore(settings: Settings, changelog: str, partition: int) -> State:
    """The state of a partition, as of the last commit.

    To be called after its transactional producer has started: then no earlier owner can add to it.

    Raises:
        StateLostError: rows without a meta row, or fewer rows than it counts.
        UnreadableRowError: a row of a newer format, or a damaged one.
    """
    rows = await _read_rows(settings, TopicPartition(changelog, partition))
    raw_meta = rows.pop(META_KEY, None)
    if raw_meta is None:
        if rows:
            raise StateLostError(f"{name_of(changelog, partition)} holds {len(rows):,} rows but no meta row")
        return State(None, [])
    meta = decode_meta(raw_meta)
    if meta.rows != len(rows):
        raise StateLostError(
            f"{name_of(changelog, partition)} holds {len(rows):,} rows, but {meta.rows:,} were committed"
        )
    series: list[Series] = []
    while rows:  # each row is let go of as it is read: both at once would take half as much memory again
        series.append(decode_series(*rows.popitem()))
        if not len(series) % _ROWS_AT_A_TIME:
            await asyncio.sleep(0)
    return State(meta, series)


async def _read_rows(settings: Settings, tp: TopicPartition) -> dict[bytes, bytes]:
    rows: dict[bytes, bytes] = {}
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
        end_offset = (await consumer.end_offsets([tp]))[tp]
        consumer.assign([tp])
        await consumer.seek_to_beginning(tp)
        # By position, not by the last record: a changelog ends in transaction markers, which are never delivered.
        while await consumer.position(tp) < end_offset:
            for chunks in (await consumer.getmany(tp, timeout_ms=1_000)).values():
                for chunk in chunks:
                    for record in chain.from_iterable(chunk.slices()):
                        if record.value is None:
                            rows.pop(record.key, None)
                        else:
                            rows[record.key] = record.value
                    await asyncio.sleep(0)
    finally:
        await consumer.stop()
    return rows
