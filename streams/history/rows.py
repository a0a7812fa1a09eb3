"""Adding counts to their rows: read, add, write, in one order for all, so that two owners never wait for each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from psycopg import sql

from streams.database.patient import Connection
from streams.history.codec import DAY_MINUTES, add_to_day
from streams.history.latency import add_to_chunk
from streams.history.tally import SeriesKey, Tally
from streams.kafka.placement import partition_of
from streams.settings import PartitionerName

BATCH_ROWS: Final = 1_000
"""Rows of one statement: packing them keeps the event loop for some 40 ms."""

ANY_PARTITIONS: Final = 1 << 32
"""More than a hash has bits: of this many the partition is the hash itself, and modulo any other count that one's."""

Key = TypeVar("Key")
Addition = TypeVar("Addition")
Numbered = dict[SeriesKey, tuple[int, int]]
"""Series -> its number, and the minute of its first event."""

# Rows are looked up one by one, by their keys: a plan that joins may read the whole table for each batch. A subquery
# with a lock or a limit is never made a join of.
FIND_SERIES: Final = """
select s.id, s.first_minute, w.app_key, w.metric, w.scope, w.source
from unnest(%s::text[], %s::text[], %s::text[], %s::text[]) as w (app_key, metric, scope, source),
lateral (
  select id, first_minute from series
  where series_digest(app_key, metric, scope, source) = series_digest(w.app_key, w.metric, w.scope, w.source) limit 1
) s
"""
_NEW_SERIES: Final = """
insert into series (app_key, metric, scope, source, first_minute, placed)
select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int[], %s::bigint[])
on conflict (series_digest(app_key, metric, scope, source))
do update set first_minute = least(series.first_minute, excluded.first_minute)
returning id, first_minute, app_key, metric, scope, source
"""
_EARLIER: Final = """
update series s set first_minute = new.first_minute
from unnest(%s::int[], %s::int[]) as new (id, first_minute)
where s.id = new.id and s.first_minute > new.first_minute
"""
_ADD_SUMS: Final = """
insert into day_sum (day, series, good, bad)
select * from unnest(%s::int[], %s::int[], %s::bigint[], %s::bigint[])
on conflict (day, series) do update set good = day_sum.good + excluded.good, bad = day_sum.bad + excluded.bad
"""
LOCK: Final = """
select w.series, w.unit, t.packed from unnest(%s::int[], %s::int[]) as w (series, unit),
lateral (select packed from {table} where series = w.series and {unit} = w.unit for update) t
"""
_INSERT: Final = """
insert into {table} (series, {unit}, packed) select * from unnest(%s::int[], %s::int[], %b::bytea[])
on conflict do nothing returning series, {unit}
"""
_REPLACE: Final = """
insert into {table} (series, {unit}, packed) select * from unnest(%s::int[], %s::int[], %b::bytea[])
on conflict (series, {unit}) do update set packed = excluded.packed
"""


class Rows:
    """The rows of all partitions of a process. It knows the numbers of the series that it has seen."""

    def __init__(self, partitioner: PartitionerName) -> None:
        self._series: Numbered = {}
        self._partitioner = partitioner

    async def add(self, connection: Connection, tallies: Mapping[SeriesKey, Tally]) -> Numbered:
        """Add what was counted, within the transaction that is open; what to `learn` once it is committed."""
        days = {key: tally.by_day() for key, tally in tallies.items()}
        numbered = await self._numbered(connection, {key: _first_minute(days[key]) for key in sorted(days)})
        numbers = {key: number for key, (number, _) in numbered.items()}
        by_number = sorted(days, key=numbers.__getitem__)
        counts = {(numbers[key], day): days[key][day] for key in by_number for day in sorted(days[key])}
        chunks = {key: tallies[key].by_chunk() for key in by_number}
        latencies = {(numbers[key], chunk): chunks[key][chunk] for key in by_number for chunk in sorted(chunks[key])}
        await _merge(connection, "day_counts", "day", counts, add_to_day)
        await _merge(connection, "latency", "chunk", latencies, add_to_chunk)
        sums = sorted((day, number, _sums(minutes)) for (number, day), minutes in counts.items())
        for batch in _batches(sums):
            rows = [(day, number, good, bad) for day, number, (good, bad) in batch]
            await connection.execute(_ADD_SUMS, _columns(rows))
        return numbered

    def learn(self, numbered: Numbered) -> None:
        """These hold: the transaction in which they were found is committed."""
        self._series.update(numbered)

    async def _numbered(self, connection: Connection, wanted: Mapping[SeriesKey, int]) -> Numbered:
        """Number and first minute of each series, given the first minute that was counted now; made where new."""
        found = {key: self._series[key] for key in wanted if key in self._series}
        for batch in _batches([key for key in wanted if key not in found]):
            found |= await _series(connection, FIND_SERIES, _columns(batch))
        for batch in _batches([key for key in wanted if key not in found]):
            placed = [partition_of(key.app_key.encode(), ANY_PARTITIONS, self._partitioner) for key in batch]
            found |= await _series(connection, _NEW_SERIES, [*_columns(batch), [wanted[key] for key in batch], placed])
        earlier = {found[key][0]: minute for key, minute in wanted.items() if minute < found[key][1]}
        if earlier:
            await connection.execute(_EARLIER, [list(earlier), list(earlier.values())])
        return {key: (number, min(first, wanted[key])) for key, (number, first) in found.items()}


async def _series(connection: Connection, query: str, values: Sequence[Any]) -> Numbered:
    rows = await (await connection.execute(query.encode(), values)).fetchall()
    return {SeriesKey(*key): (number, first_minute) for number, first_minute, *key in rows}


async def _merge(
    connection: Connection,
    table: str,
    unit: str,
    additions: Mapping[tuple[int, int], Addition],
    add: Callable[[bytes | None, Addition], bytes],
) -> None:
    """Add to the rows of a table by (series, unit); in the order of the mapping, which is that of its keys."""

    def query(text: str) -> sql.Composed:
        return sql.SQL(text).format(table=sql.Identifier(table), unit=sql.Identifier(unit))

    async def stored(keys: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        rows = await (await connection.execute(query(LOCK), _columns(keys), binary=True)).fetchall()
        return {(series, unit): packed for series, unit, packed in rows}

    async def add_to(rows: Mapping[tuple[int, int], bytes]) -> None:
        packed = {key: add(row, additions[key]) for key, row in rows.items()}
        await connection.execute(query(_REPLACE), [*_columns(list(packed)), list(packed.values())])

    for keys in _batches(list(additions)):
        there = await stored(keys)
        if there:
            await add_to(there)
        new = {key: add(None, additions[key]) for key in keys if key not in there}
        if new:
            values = [*_columns(list(new)), list(new.values())]
            made = set(await (await connection.execute(query(_INSERT), values)).fetchall())
            raced = [key for key in new if key not in made]  # another owner made them meanwhile
            if raced:
                await add_to(await stored(raced))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _batches(items: Sequence[Key]) -> Iterator[list[Key]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH_ROWS)):
        yield batch


def _first_minute(days: Mapping[int, Mapping[int, object]]) -> int:
    first_day = min(days)
    return first_day * DAY_MINUTES + min(days[first_day])


def _sums(minutes: Mapping[int, tuple[int, int]]) -> tuple[int, int]:
    return sum(good for good, _ in minutes.values()), sum(bad for _, bad in minutes.values())
