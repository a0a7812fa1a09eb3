"""Folding: what commits have appended is added to the rows of its days, and is gone from where it was.

A day is compressed, and to add to it is to write it anew: thirty times the cost of appending. So some thirty commits
share it. Whoever reads adds both up in one statement, and sees no difference.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from psycopg import sql

from streams.database.patient import Connection, PatientDatabase
from streams.history.codec import MinuteCounts, add_to_day
from streams.history.latency import DAY_CHUNKS, Slots, add_to_chunk
from streams.history.recent import add_up
from streams.history.rows import Rows, batches, bytea_array, number_array
from streams.turn import Turn

MOST_ROWS: Final = 5_000
"""Of one transaction: however much has come together, it is folded within a moment."""
_ROUND_S: Final = 1.0
_REST: Final = 1
"""So many times as long as a step took nothing is done."""

_ELECT: Final = "select pg_try_advisory_xact_lock(7253188413)"
_WAIT: Final = "select pg_advisory_xact_lock(7253188413) is not null"
# Nobody else takes any away meanwhile, so that where they lie does not change.
_TAKE: Final = """
with taken as (
  delete from recent where ctid = any(array(
    select ctid from recent where series >= %s order by series, day limit %s
  )) returning series, day, good, bad, packed
)
select series, day, sum(good)::bigint, sum(bad)::bigint, array_agg(packed) from taken
group by series, day order by series, day
"""
# One by one by their keys, as in `rows`.
FIND: Final = """
select w.series, w.unit, t.packed from unnest(%s::int[], %s::int[]) as w (series, unit),
lateral (select packed from {table} where series = w.series and {unit} = w.unit limit 1) t
"""
_PUT: Final = """
insert into {table} (series, {unit}, packed) select * from unnest(%s::int[], %s::int[], %s::bytea[])
on conflict (series, {unit}) do update set packed = excluded.packed
"""
_ADD_SUMS: Final = """
insert into day_sum (day, series, good, bad)
select * from unnest(%s::int[], %s::int[], %s::bigint[], %s::bigint[])
on conflict (day, series) do update set good = day_sum.good + excluded.good, bad = day_sum.bad + excluded.bad
"""

Addition = TypeVar("Addition")


class Folding:
    """Folds what all processes append; of several processes one does it at a time. `rows` tell when it is due."""

    def __init__(self, database: PatientDatabase, rows: Rows) -> None:
        self._database = database
        self._rows = rows

    async def run(self) -> None:
        """Fold whenever it is due, until cancelled.

        Raises:
            DatabaseAwayError: patience has run out.
        """
        while True:
            if self._rows.are_many:
                await self.fold()
            await asyncio.sleep(_ROUND_S)

    async def fold(self, *, waits: bool = False) -> None:
        """Fold all that is there, some rows at a time. What another process does is left to it, or waited for."""
        self._rows.folded()
        series: int | None = 0
        while series is not None:
            started_s, after = time.monotonic(), series
            series = await self._database.run(partial(fold_from, series=after, waits=waits))
            if series is not None:
                await asyncio.sleep(_REST * (time.monotonic() - started_s))


async def fold_from(connection: Connection, series: int, *, waits: bool = False) -> int | None:
    """Fold some of what is there of series from a number on; where to go on, None: nowhere, or another process does.

    With `waits` a step of another process is waited for.
    """
    if not await _value(connection, _WAIT if waits else _ELECT):
        return None
    rows = await (await connection.execute(_TAKE.encode(), [series, MOST_ROWS], binary=True)).fetchall()
    minutes: dict[tuple[int, int], MinuteCounts] = {}
    latencies: dict[tuple[int, int], Slots] = {}
    sums: list[tuple[int, int, int, int]] = []
    count, turn = 0, Turn()
    for number, day, good, bad, packed in rows:
        count += len(packed)
        sums.append((day, number, good, bad))
        minutes[number, day], slots = add_up(packed)
        if slots:
            latencies[number, day * DAY_CHUNKS] = slots
        await turn.give_way()
    await _merge(connection, "day_counts", "day", minutes, add_to_day)
    await _merge(connection, "latency", "chunk", latencies, add_to_chunk)
    for batch in batches(sorted(sums)):
        await connection.execute(_ADD_SUMS, _arrays(batch))
    return rows[-1][0] if count == MOST_ROWS else None


async def _merge(
    connection: Connection,
    table: str,
    unit: str,
    additions: Mapping[tuple[int, int], Addition],
    add: Callable[[bytes | None, Addition], bytes],
) -> None:
    """Add to the rows of a table by (series, unit); nobody else writes them meanwhile."""

    def query(text: str) -> sql.Composed:
        return sql.SQL(text).format(table=sql.Identifier(table), unit=sql.Identifier(unit))

    turn = Turn()
    for keys in batches(sorted(additions)):
        found = await (await connection.execute(query(FIND), _arrays(keys), binary=True)).fetchall()
        there = {(series, at): packed for series, at, packed in found}
        packed = []
        for key in keys:
            packed.append(add(there.get(key), additions[key]))
            await turn.give_way()
        await connection.execute(query(_PUT), [*_arrays(keys), bytea_array(packed)])


def _arrays(rows: Sequence[tuple[int, ...]]) -> list[str]:
    return [number_array(column) for column in zip(*rows, strict=True)]


async def _value(connection: Connection, query: str, *values: Any) -> Any:
    row: Sequence[Any] | None = await (await connection.execute(query.encode(), values)).fetchone()
    return None if row is None else row[0]
