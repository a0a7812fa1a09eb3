"""Sums of series from the database, in the transaction of whoever judges or shows them."""

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from streams.database.patient import Connection
from streams.evaluation.judged import SeriesKey
from streams.history.codec import DAY_MINUTES
from streams.history.recent import Day, add_days
from streams.history.rows import FIND_SERIES, batches, columns
from streams.history.sources import counting_sources
from streams.history.sums import SeriesSums, SourceSums, Sum
from streams.windows.hopping import Span

DAY_MS: Final = DAY_MINUTES * 60_000
_NOBODY: Final = 0  # no series has this number

# One by one by their keys, as in `rows`.
SUMS: Final = """
with wanted as (select * from unnest(%s::int[]) as w (series)), span as (select %s::int as first, %s::int as last)
select w.series, n.day, t.good, t.bad
from wanted w, span, generate_series(span.first, span.last) as n (day),
lateral (select good, bad from day_sum where day = n.day and series = w.series limit 1) t
union all
select w.series, t.day, t.good, t.bad from wanted w, span, lateral (
  select day, sum(good) as good, sum(bad) as bad from recent
  where series = w.series and day between span.first and span.last group by day
) t
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

    Those of `days_by_app` beside them for single apps, and of series about which two sources tell all days that both
    tell of.
    """

    first_day: int
    last_day: int
    days: Collection[int]
    days_by_app: Mapping[str, Collection[int]]


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
    names = columns([(app, metric, scope, source) for app, scope in keys for source in sources])
    series: dict[SeriesKey, dict[str, tuple[int, int]]] = {}
    rows = await connection.execute(FIND_SERIES.encode(), names)
    async for number, first_minute, app_key, _, scope, source in rows:
        series.setdefault((app_key, scope), {})[source] = number, first_minute
    ids = [number for by_source in series.values() for number, _ in by_source.values()]
    sums: dict[int, dict[int, Sum]] = {number: {} for number in ids}
    rows = await connection.execute(SUMS.encode(), [ids, wanted.first_day, wanted.last_day], binary=True)
    async for number, day, good, bad in rows:
        more_good, more_bad = sums[number].get(day, (0, 0))
        sums[number][day] = more_good + good, more_bad + bad
    needed = [
        (number, day)
        for (app_key, _), by_source in series.items()
        for number, day in _needed(by_source.values(), sums, wanted.days, wanted.days_by_app.get(app_key, ()))
    ]
    days = await _days(connection, needed)
    for number, day in needed:
        days.setdefault(number, {}).setdefault(day, _whole(sums[number][day]))
    return {
        key: SeriesSums(
            *key,
            min(first for _, first in by_source.values()),
            [
                SourceSums(sums.get(number, {}), days.get(number, {}))
                for number, _ in (by_source.get(source, (_NOBODY, 0)) for source in sources)
            ],
        )
        for key, by_source in series.items()
    }


def _needed(
    sources: Collection[tuple[int, int]], sums: Mapping[int, Mapping[int, Sum]], *wanted: Collection[int]
) -> Iterator[tuple[int, int]]:
    numbers = [number for number, _ in sources]
    both = set.intersection(*(set(sums[number]) for number in numbers)) if len(numbers) > 1 else set()
    for number in numbers:
        for day in sums[number]:
            if day in both or any(day in days for days in wanted):
                yield number, day


async def _days(connection: Connection, needed: Iterable[tuple[int, int]]) -> dict[int, dict[int, Day]]:
    found: dict[int, dict[int, Day]] = {}
    for some in batches(list(needed)):
        rows = await (await connection.execute(DAYS.encode(), columns(some), binary=True)).fetchall()
        for (number, day), minutes in add_days(((number, day), packed) for number, day, packed in rows).items():
            found.setdefault(number, {})[day] = minutes
    return found


def _whole(counts: Sum) -> Day:
    """A day whose minutes are kept no more: its events count where it ends."""
    good, bad = (array("Q", [*[0] * (DAY_MINUTES - 1), count]) for count in counts)
    return good, bad


def edge_days(span: Span, grains_ms: Iterable[int]) -> set[int]:
    """The days in which an exclusion begins and ends, once it is widened to whole grains."""
    start_ms, end_ms = span
    edges_ms = [edge for ms in grains_ms for edge in (start_ms // ms * ms, -(-end_ms // ms) * ms)]
    return {at_ms // DAY_MS for at_ms in edges_ms}
