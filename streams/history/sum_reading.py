"""Sums of series from the database, in the transaction of whoever judges or shows them."""

from array import array
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import repeat
from operator import add
from typing import Any, Final

from streams.database.patient import Connection
from streams.evaluation.judged import SeriesKey
from streams.history.codec import DAY_MINUTES, read_small_day
from streams.history.recent import ReadDay, add_days, is_recent
from streams.history.rows import FIND_SERIES, batches, names_of, number_array
from streams.history.sources import counting_sources
from streams.history.sums import NOTHING, SeriesSums, SourceSums, Sum
from streams.history.tally import SeriesKey as StoredKey
from streams.windows.hopping import Span

DAY_MS: Final = DAY_MINUTES * 60_000
StoredSeries = Mapping[SeriesKey, Mapping[str, tuple[int, int]]]
"""Series -> source that tells of it -> its number there, and the minute of its first event."""

_ByDay = list[list[int]]

# Day by day, as the key of sums begins with it: a plan that joins may read the whole table for each batch, and to look
# up each series and day takes four times as long.
SUMS: Final = """
select n.day, t.* from generate_series(%(first)s::int, %(last)s::int) as n (day), lateral (
  select array_agg(series) as series, array_agg(good) as good, array_agg(bad) as bad
  from day_sum where day = n.day and series = any(%(series)s::int[])
) t where t.series is not null
union all
select day, array_agg(series), array_agg(good), array_agg(bad) from (
  select day, series, sum(good)::bigint as good, sum(bad)::bigint as bad from recent
  where series = any(%(series)s::int[]) and day between %(first)s and %(last)s group by day, series
) r group by day
"""
# One by one by their keys, as in `rows`.
DAYS: Final = """
with wanted as (select * from unnest(%s::int[], %s::int[]) with ordinality as w (series, day, place))
select w.place, t.packed from wanted w,
lateral (select packed from day_counts where series = w.series and day = w.day limit 1) t
union all
select w.place, t.packed from wanted w,
lateral (select packed from recent where series = w.series and day = w.day offset 0) t
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which days to read, all since 1970: sums of those from `first_day` to `last_day`, minutes of `days` among them.

    Those of `days_by_app` beside them for single apps, of `days_if_failing` for series that have failed on any day, and
    of series about which two sources tell all days that both tell of.
    """

    first_day: int
    last_day: int
    days: Set[int]
    days_by_app: Mapping[str, Set[int]] = field(default_factory=dict)
    days_if_failing: Set[int] = frozenset()


async def find_series(connection: Connection, metric: str, keys: Sequence[SeriesKey]) -> StoredSeries:
    """The numbers of series of a metric, of those of which anything is stored."""
    rows, sources = list[tuple[Any, ...]](), counting_sources(metric)
    for some in batches(keys):
        names = names_of(StoredKey(app, metric, scope, source) for app, scope in some for source in sources)
        rows += await (await connection.execute(FIND_SERIES.encode(), [names])).fetchall()
    return by_key((number, first, app_key, scope, source) for number, first, app_key, _, scope, source in rows)


def by_key(rows: Iterable[tuple[Any, ...]]) -> StoredSeries:
    """Series of one metric from their rows: number, first minute, app, scope and source."""
    found: dict[SeriesKey, dict[str, tuple[int, int]]] = {}
    for number, first_minute, app_key, scope, source in rows:
        found.setdefault((app_key, scope), {})[source] = number, first_minute
    return found


async def read_sums(
    connection: Connection, metric: str, series: StoredSeries, wanted: Wanted
) -> dict[SeriesKey, SeriesSums]:
    """What is stored of series of a metric."""
    found: dict[SeriesKey, SeriesSums] = {}
    for some in batches(list(series.items())):
        found |= await _read(connection, counting_sources(metric), dict(some), wanted)
    return found


async def _read(
    connection: Connection, sources: Sequence[str], series: StoredSeries, wanted: Wanted
) -> dict[SeriesKey, SeriesSums]:
    ids = sorted(number for by_source in series.values() for number, _ in by_source.values())
    which, *columns = await _sums(connection, ids, wanted)
    told = {
        number: SourceSums(which, good, bad)
        for number, good, bad in zip(ids, *(_by_series(column, ids) for column in columns), strict=True)
    }
    found = {
        key: SeriesSums(
            *key,
            min(first for _, first in by_source.values()),
            [told[by_source[source][0]] if source in by_source else SourceSums() for source in sources],
        )
        for key, by_source in series.items()
    }
    needed = [
        (number, day)
        for key, by_source in series.items()
        for days in [_needed(found[key], wanted)]
        for number, _ in by_source.values()
        for day in days
        if told[number].of(day) != NOTHING
    ]
    for (number, day), parts in zip(needed, await _days(connection, needed), strict=True):
        one = told[number]
        one.read(day, _added(parts) if parts else _whole(one.of(day)))
    return found


async def _sums(connection: Connection, ids: Sequence[int], wanted: Wanted) -> tuple[list[int], _ByDay, _ByDay]:
    """Days since 1970, in order, and good and bad events: of each day those of these series, in their order."""
    days: dict[int, list[list[int]]] = {}
    values = {"first": wanted.first_day, "last": wanted.last_day, "series": number_array(ids)}
    for day, series, *counts in await (await connection.execute(SUMS.encode(), values, binary=True)).fetchall():
        if series != ids:  # those of which all tell come as they lie in the index, which is this order
            counts = [list(map(dict(zip(series, column, strict=True)).get, ids, repeat(0))) for column in counts]
        if day in days:  # it is folded in part
            counts = [list(map(add, *columns)) for columns in zip(days[day], counts, strict=True)]
        days[day] = counts
    which = sorted(days)
    good, bad = ([days[day][column] for day in which] for column in (0, 1))
    return which, good, bad


def _by_series(by_day: _ByDay, ids: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """Of each series what it has of each day."""
    return zip(*by_day, strict=True) if by_day else repeat((), len(ids))


def _needed(one: SeriesSums, wanted: Wanted) -> Set[int]:
    """Days whose minutes are to be read, if there are any."""
    days = wanted.days
    if one.app_key in wanted.days_by_app:
        days = days | wanted.days_by_app[one.app_key]
    if len(one.told) > 1:
        all_days = range(wanted.first_day, wanted.last_day + 1)
        days = days | {day for day in all_days if all(told.of(day) != NOTHING for told in one.told)}
    return days | wanted.days_if_failing if one.has_failed else days


async def _days(connection: Connection, needed: Iterable[tuple[int, int]]) -> list[list[bytes]]:
    """All rows of each of these series and days."""
    found: list[list[bytes]] = []
    for some in batches(needed):
        values = [number_array(column) for column in zip(*some, strict=True)]
        rows: list[list[bytes]] = [[] for _ in some]
        for place, row in await (await connection.execute(DAYS.encode(), values, binary=True)).fetchall():
            rows[place - 1].append(row)
        found += rows
    return found


def _added(parts: Sequence[bytes]) -> ReadDay:
    """A day by all its rows."""
    if len(parts) == 1 and not is_recent(parts[0]):
        small = read_small_day(parts[0])
        if small is not None:
            return small
    return add_days((0, part) for part in parts)[0]


def _whole(counts: Sum) -> ReadDay:
    """A day whose minutes are kept no more: its events count where it ends."""
    good, bad = (array("Q", [*[0] * (DAY_MINUTES - 1), count]) for count in counts)
    return good, bad


def edge_days(span: Span, grains_ms: Iterable[int]) -> set[int]:
    """The days in which an exclusion begins and ends, once it is widened to whole grains."""
    start_ms, end_ms = span
    edges_ms = [edge for ms in grains_ms for edge in (start_ms // ms * ms, -(-end_ms // ms) * ms)]
    return {at_ms // DAY_MS for at_ms in edges_ms}
