"""Which series a boundary could open a breach of, by the sums of days alone: a superset, found by the database.

A window [B - w, B) lies within whole days and holds others. What failed in the former is at least what failed in it,
what succeeded in the latter at most what did in it. Where even that is no breach, nobody has to look closer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from streams.database.patient import Connection
from streams.evaluation.exclusions import KnownExclusions
from streams.evaluation.judged import SeriesKey
from streams.evaluation.objective import Objective
from streams.history.sources import counting_sources
from streams.history.sum_reading import DAY_MS
from streams.windows.hopping import Span

# The sums of each series one by one, by their keys: those of a partition are a small part of all.
_FIND: Final = """
with span as (select %s::int as first, %s::int as last)
select s.app_key, s.scope
from series s, lateral (
  select n.day, t.good, t.bad from span, generate_series(span.first, span.last) as n (day),
  lateral (select good, bad from day_sum where day = n.day and series = s.id limit 1) t
  union all
  select day, good, bad from recent, span where series = s.id and day between span.first and span.last offset 0
) d
where s.metric = %s and s.source = any(%s) and s.placed %% %s = %s
group by s.id having {conditions}
"""
# Bad events since a day, of the window and of its short part; and the bound, where one can be told.
_CONDITION: Final = """
(sum(d.bad) filter (where d.day >= %s) > 0 and (
  s.app_key = any(%s)
  or sum(d.bad) filter (where d.day >= %s) * %s::numeric >= %s::numeric * (
    sum(d.bad) filter (where d.day >= %s) + coalesce(sum(d.good) filter (where d.day = any(%s)), 0)
  )
))
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The series of a metric whose apps belong to one partition of so many."""

    metric: str
    part: int
    partitions: int


async def could_breach(
    connection: Connection,
    place: Place,
    objectives: Sequence[Objective],
    first_ms: int,
    last_ms: int,
    known: Sequence[KnownExclusions],
) -> set[SeriesKey]:
    """Series that may be below an objective at a boundary from `first_ms` to `last_ms`, by what is stored.

    `known` are the exclusions that are known to the first and to the last of them.
    """
    conditions = list(_conditions(place, objectives, first_ms, last_ms, known))
    if not conditions:
        return set()
    query = _FIND.format(conditions=" or ".join([_CONDITION] * len(conditions)))
    lookback_ms = max(one.window_ms for one in objectives)
    days = ((first_ms - lookback_ms) // DAY_MS, last_ms // DAY_MS)
    where = [*days, place.metric, list(counting_sources(place.metric)), place.partitions, place.part]
    rows = await connection.execute(query.encode(), [*where, *(value for one in conditions for value in one)])
    return {(app_key, scope) async for app_key, scope in rows}


def _conditions(
    place: Place, objectives: Iterable[Objective], first_ms: int, last_ms: int, known: Sequence[KnownExclusions]
) -> Iterator[list[Any]]:
    apps = sorted({app for one in known for app, _ in one.for_some if app is not None})
    spans = [span for one in known for span in one.for_all]
    spans += [span for one in known for (app, _), some in one.for_some.items() if app is None for span in some]
    is_bounded = len(counting_sources(place.metric)) == 1 and len({one.revision for one in known}) == 1
    is_bounded = is_bounded and known[0].until_ms == known[-1].until_ms
    for one in objectives:
        first_day = (first_ms - one.window_ms) // DAY_MS
        short_day = (first_ms - (one.short_ms or one.window_ms)) // DAY_MS
        inner = range(-(-(last_ms - one.window_ms) // DAY_MS), first_ms // DAY_MS)
        whole = [day for day in inner if is_bounded and not _is_touched(day, spans)]
        budget = one.budget
        yield [short_day, apps, first_day, budget.denominator, budget.numerator, first_day, whole]


def _is_touched(day: int, spans: Iterable[Span]) -> bool:
    return any(start_ms < (day + 1) * DAY_MS and end_ms > day * DAY_MS for start_ms, end_ms in spans)
