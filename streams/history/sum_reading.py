"""Sums of series from the database, in the transaction of whoever judges or shows them."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from streams.database.patient import Connection
from streams.evaluation.judged import SeriesKey
from streams.history.codec import DAY_MINUTES, read_small_day
from streams.history.recent import ReadDay, add_days, is_recent
from streams.history.rows import FIND_SERIES, batches, int_array, names_of
from streams.history.sources import counting_sources
from streams.history.sums import NOTHING, SeriesSums, SourceSums, Sum
from streams.history.tally import SeriesKey as StoredKey
from streams.windows.hopping import Span

DAY_MS: Final = DAY_MINUTES * 60_000
_NOBODY: Final = 0  # no series has this number

# One by one by their keys, as in `rows`.
SUMS: Final = """
with span as (select %s::int as first, %s::int as last)
select w.series, t.days, t.good, t.bad from unnest(%s::int[]) as w (series), lateral (
  select array_agg(day) as days, array_agg(good) as good, array_agg(bad) as bad from (
    select n.day, d.good, d.bad from span, generate_series(span.first, span.last) as n (day),
    lateral (select good, bad from day_sum where day = n.day and series = w.series limit 1) d
    union all
    select day, sum(good)::bigint, sum(bad)::bigint from recent, span
    where series = w.series and day between span.first and span.last group by day
  ) u offset 0
) t where t.days is not null
"""
DAYS: Final = """
with wanted as (select * from unnest(%s::int[], %s::int[]) as w (series, day))
select w.series, w.day, t.packed from wanted w,
lateral (select packed from day_counts where series = w.series and day = w.day limit 1) t
union all
select w.series, w.day, t.packed from wanted w,
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
    days: Collection[int]
    days_by_app: Mapping[str, Collection[int]] = field(default_factory=dict)
    days_if_failing: Collection[int] = ()


async def read_sums(
    connection: Connection, metric: str, keys: Sequence[SeriesKey], wanted: Wanted
) -> dict[SeriesKey, SeriesSums]:
    """What is stored of series of a metric; those of which nothing is are left out."""
    found: dict[SeriesKey, SeriesSums] = {}
    for some in batches(keys):
        found |= await _read(connection, metric, some, wanted)
    return found


async def _read(
    connection: Connection, metric: str, keys: Sequence[SeriesKey], wanted: Wanted
) -> dict[SeriesKey, SeriesSums]:
    sources = counting_sources(metric)
    names = names_of(StoredKey(app, metric, scope, source) for app, scope in keys for source in sources)
    series: dict[SeriesKey, dict[str, tuple[int, int]]] = {}
    rows = await connection.execute(FIND_SERIES.encode(), [names])
    async for number, first_minute, app_key, _, scope, source in rows:
        series.setdefault((app_key, scope), {})[source] = number, first_minute
    ids = [number for by_source in series.values() for number, _ in by_source.values()]
    sums: dict[int, dict[int, Sum]] = {number: {} for number in ids}
    values = [wanted.first_day, wanted.last_day, int_array(ids)]
    for number, days, *counts in await (await connection.execute(SUMS.encode(), values, binary=True)).fetchall():
        sums[number] = _summed(days, counts)
    needed = [
        place
        for (app_key, _), by_source in series.items()
        for place in _needed([number for number, _ in by_source.values()], sums, wanted, app_key)
    ]
    minutes = await _days(connection, needed)
    for number, day in needed:
        read = minutes.setdefault(number, {})
        if day not in read:
            read[day] = _whole(sums[number][day])
    return {
        key: SeriesSums(
            *key,
            min(first for _, first in by_source.values()),
            [
                SourceSums(sums.get(number, {}), minutes.get(number, {}))
                for number, _ in (by_source.get(source, (_NOBODY, 0)) for source in sources)
            ],
        )
        for key, by_source in series.items()
    }


def _summed(days: Sequence[int], counts: Sequence[Sequence[int]]) -> dict[int, Sum]:
    """The sums of days, of which those that are not folded yet come twice."""
    found = dict(zip(days, zip(*counts, strict=True), strict=True))
    if len(found) < len(days):
        found = dict.fromkeys(days, NOTHING)
        for day, good, bad in zip(days, *counts, strict=True):
            found[day] = found[day][0] + good, found[day][1] + bad
    return found


def _needed(
    numbers: Sequence[int], sums: Mapping[int, Mapping[int, Sum]], wanted: Wanted, app_key: str
) -> Iterator[tuple[int, int]]:
    both = set.intersection(*(set(sums[number]) for number in numbers)) if len(numbers) > 1 else set()
    days = {*wanted.days, *wanted.days_by_app.get(app_key, ()), *both}
    if any(bad for number in numbers for _, bad in sums[number].values()):
        days.update(wanted.days_if_failing)
    for number in numbers:
        for day in days & sums[number].keys():
            yield number, day


async def _days(connection: Connection, needed: Iterable[tuple[int, int]]) -> dict[int, dict[int, ReadDay]]:
    found: dict[int, dict[int, ReadDay]] = {}
    for some in batches(list(needed)):
        values = [int_array(column) for column in zip(*some, strict=True)]
        rows = await (await connection.execute(DAYS.encode(), values, binary=True)).fetchall()
        packed: dict[tuple[int, int], list[bytes]] = {}
        for number, day, row in rows:
            packed.setdefault((number, day), []).append(row)
        for (number, day), parts in packed.items():
            found.setdefault(number, {})[day] = _added(parts)
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
