"""Reading a partition's state back from its changelog: in bulk, to the very end, committed rows only."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition

from streams.evaluation.series import Series
from streams.exits import RefusalError
from streams.kafka.bulk import committed_records
from streams.names import name_of
from streams.settings import Settings
from streams.tables.rows import META_KEY, Meta, decode_breach, decode_meta, decode_series, is_breach_key

_ROWS_AT_A_TIME: Final = 10_000  # a state of a million series is read beside others that are judged


class StateLostError(RefusalError):
    """The changelog does not hold the state that was committed."""


@dataclass(frozen=True, slots=True)
class State:
    """What a changelog partition holds: the meta row, None at the very first start, and the series.

    `inherited` are the breaches of an earlier application that this one has not yet found itself: `rows.breach_key` and
    the alert of each.
    """

    meta: Meta | None
    series: list[Series]
    inherited: dict[bytes, bytes] = field(default_factory=dict)


async def restore(settings: Settings, changelog: str, partition: int, end_offset: int | None = None) -> State:
    """The state of a partition, as of the last commit.

    To take it over, call this after its transactional producer has started: then no earlier owner can add to it. And
    say where its log ended then (`end_offset`): a transaction that somebody else has opened on the changelog hides all
    commits behind it, and what they hid would be judged once more.

    Raises:
        StateLostError: rows without a meta row, or fewer rows than it counts.
        UnreadableRowError: a row of a newer format, or a damaged one.
    """
    rows = await _read_rows(settings, TopicPartition(changelog, partition), end_offset)
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
    inherited: dict[bytes, bytes] = {}
    while rows:  # each row is let go of as it is read: both at once would take half as much memory again
        key, value = rows.popitem()
        if is_breach_key(key):
            inherited[key] = decode_breach(key, value)
            continue
        series.append(decode_series(key, value))
        if not len(series) % _ROWS_AT_A_TIME:
            await asyncio.sleep(0)
    return State(meta, series, inherited)


async def _read_rows(settings: Settings, tp: TopicPartition, end_offset: int | None) -> dict[bytes, bytes]:
    rows: dict[bytes, bytes] = {}
    ends = None if end_offset is None else {tp: end_offset}
    async for record in committed_records(settings, [tp], ends=ends):
        key = record.key or b""
        if record.value is None:
            rows.pop(key, None)
        else:
            rows[key] = record.value
    return rows
