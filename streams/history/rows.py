"""What was counted becomes rows: appended by each commit, and never read or changed by one.

But for how many were late of each hour, which hardly any is: these numbers are added up as they come.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Literal, TypeVar

import orjson

from streams.database.patient import Connection
from streams.history.recent import pack_recent
from streams.history.tally import SeriesKey, Tally
from streams.kafka.placement import partition_of
from streams.settings import PartitionerName
from streams.turn import Turn

BATCH_ROWS: Final = 2_000
"""Rows of one statement."""
SHARING: Final = 32
"""Rows are folded once a series has so many on average: all of them are written again as one."""

ANY_PARTITIONS: Final = 1 << 32
"""More than a hash has bits: of this many the partition is the hash itself, and modulo any other count that one's."""

Item = TypeVar("Item")
Numbered = dict[SeriesKey, tuple[int, int]]
"""Series -> its number, and the minute of its first event."""

# Rows are looked up one by one, by their keys: a plan that joins may read the whole table for each batch. A subquery
# with a lock or a limit is never made a join of.
FIND_SERIES: Final = """
select s.id, s.first_minute, w.app_key, w.metric, w.scope, w.source
from json_to_recordset(%s::json) as w (app_key text, metric text, scope text, source text),
lateral (
  select id, first_minute from series
  where series_digest(app_key, metric, scope, source) = series_digest(w.app_key, w.metric, w.scope, w.source) limit 1
) s
"""
_NEW_SERIES: Final = """
insert into series (app_key, metric, scope, source, first_minute, placed)
select * from json_to_recordset(%s::json)
  as w (app_key text, metric text, scope text, source text, first_minute int, placed bigint)
on conflict (series_digest(app_key, metric, scope, source))
do update set first_minute = least(series.first_minute, excluded.first_minute)
returning id, first_minute, app_key, metric, scope, source
"""
_EARLIER: Final = """
update series s set first_minute = new.first_minute
from unnest(%s::int[], %s::int[]) as new (id, first_minute)
where s.id = new.id and s.first_minute > new.first_minute
"""
# Not by COPY, which a table with row-level security refuses.
_APPEND: Final = """
insert into recent (series, day, good, bad, packed)
select * from unnest(%s::int[], %s::int[], %s::int[], %s::int[], %s::bytea[])
"""
_ADD_LATE: Final = """
insert into late (series, day, hours)
select series, day, hours::int[] from unnest(%s::int[], %s::int[], %s::text[]) as n (series, day, hours)
on conflict (series, day) do update set hours = (
  select array_agg(former + more order by hour)
  from unnest(late.hours, excluded.hours) with ordinality as h (former, more, hour)
)
"""


class Rows:
    """The rows of all partitions of a process. It knows the numbers of the series that it has seen."""

    def __init__(self, partitioner: PartitionerName) -> None:
        self._series: Numbered = {}
        self._partitioner = partitioner
        self.appended = 0

    @property
    def are_many(self) -> bool:
        """Whether so many were appended since the last `folded` that folding them is cheap."""
        return self.appended >= SHARING * len(self._series) > 0

    def folded(self) -> None:
        """What was appended until now is being folded."""
        self.appended = 0

    async def add(self, connection: Connection, tallies: Mapping[SeriesKey, Tally]) -> Numbered:
        """Append what was counted, within the transaction that is open; what to `learn` once it is committed."""
        known = self._series
        new = await self._numbered(
            connection, {key: tally.first_minute for key, tally in tallies.items() if key not in known}
        )
        earlier: dict[SeriesKey, tuple[int, int]] = {}
        rows: list[tuple[int, int, int, int, bytes]] = []
        late: list[tuple[int, int, str]] = []
        turn = Turn()
        for some in batches(tallies.items()):
            for key, tally in some:  # each is looked up once: of many series, that is what takes time
                number, first_minute = known.get(key) or new[key]
                if tally.first_minute < first_minute:
                    earlier[key] = number, tally.first_minute
                latencies = tally.latencies_by_day()
                for day, minutes in tally.by_day().items():
                    rows.append((number, day, *_sums(minutes), pack_recent(minutes, latencies.get(day, {}))))
                if tally.late:
                    late += [(number, day, number_array(hours)) for day, hours in tally.late_by_day().items()]
            await turn.give_way()
        if earlier:
            await connection.execute(_EARLIER, columns(sorted(earlier.values())))
        for batch in batches(sorted(rows)):  # neighbours in the index
            *numbers, packed = zip(*batch, strict=True)
            await connection.execute(_APPEND, [*map(number_array, numbers), bytea_array(packed)])
        self.appended += len(rows)
        for more in batches(sorted(late)):  # in one order for all, so that two owners never wait for each other
            await connection.execute(_ADD_LATE, columns(more))
        return new | earlier

    def learn(self, numbered: Numbered) -> None:
        """These hold: the transaction in which they were found is committed."""
        self._series.update(numbered)

    async def _numbered(self, connection: Connection, first_minutes: Mapping[SeriesKey, int]) -> Numbered:
        """Number and first minute of each of these series, which are not known; made where they are new.

        In one order for all, so that two owners never wait for each other.
        """
        found = Numbered()
        for batch in batches(sorted(first_minutes)):
            found |= await _series(connection, FIND_SERIES, [names_of(batch)])
        for batch in batches(sorted(first_minutes.keys() - found.keys())):
            made = [
                _named(key)
                | {
                    "first_minute": first_minutes[key],
                    "placed": partition_of(key.app_key.encode(), ANY_PARTITIONS, self._partitioner),
                }
                for key in batch
            ]
            found |= await _series(connection, _NEW_SERIES, [orjson.dumps(made).decode()])
        return found


async def _series(connection: Connection, query: str, values: Sequence[Any]) -> Numbered:
    rows = await (await connection.execute(query.encode(), values)).fetchall()
    return {SeriesKey(*key): (number, first_minute) for number, first_minute, *key in rows}


def names_of(keys: Iterable[SeriesKey]) -> str:
    """Series as `FIND_SERIES` takes them: as one text, which is written ten times faster than a list for each part."""
    return orjson.dumps(list(map(_named, keys))).decode()


def _named(key: SeriesKey) -> dict[str, Any]:
    app_key, metric, scope, source = key  # in a quarter of the time of `_asdict`
    return {"app_key": app_key, "metric": metric, "scope": scope, "source": source}


def number_array(numbers: Iterable[float | Literal["NULL"]]) -> str:
    """An array as SQL writes it: made ten times faster than from a list that is looked into."""
    return f"{{{','.join(map(str, numbers))}}}"


def bytea_array(values: Iterable[bytes]) -> str:
    """The same of bytes."""
    return "{" + ",".join(f'"\\\\x{value.hex()}"' for value in values) + "}"


def columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """The same, a list for each column."""
    return [list(column) for column in zip(*rows, strict=True)]


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """So many of them at a time as one statement takes."""
    rest = iter(items)
    while batch := list(islice(rest, BATCH_ROWS)):
        yield batch


def _sums(minutes: Mapping[int, tuple[int, int]]) -> tuple[int, int]:
    good = bad = 0
    for more_good, more_bad in minutes.values():  # of few minutes, as of most rows: a tenth of what `sum` takes
        good, bad = good + more_good, bad + more_bad
    return good, bad
