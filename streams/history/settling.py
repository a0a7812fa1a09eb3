"""What counted of a day, put on record before its minutes go: from then on its sums are all that is known.

Most days need nothing: all of their events count. It is other where something is excluded, and where host and app both
tell, whose word is chosen by the quarter of an hour.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from streams.budgets.budget import Counts
from streams.database.patient import Connection
from streams.evaluation.exclusions import Exclusions
from streams.history.budgets import excluded_for
from streams.history.codec import DAY_MINUTES, MINUTE_MS, read_day
from streams.history.minutes import Minutes, choices, chosen
from streams.history.reading import EXCLUSIONS, exclusions_of
from streams.history.tally import SeriesKey
from streams.names import IFRAME
from streams.turn import Turn

_BATCH_ROWS: Final = 2_000
_DAY_MS: Final = DAY_MINUTES * MINUTE_MS

# The host before the app. Both are found, or none.
_FIND: Final = f"""
select d.day, d.series, s.app_key, s.metric, s.scope, s.source, d.packed
from day_counts d join series s on s.id = d.series join day_sum u on u.day = d.day and u.series = d.series
where (d.day + 1) * {_DAY_MS}::bigint <= (select max(watermark_ms) from sink_offset) - %(kept)s
  and u.counted_good is null and (
    exists (
      select from exclusion e
      where (e.app_key is null or e.app_key = s.app_key) and (e.metric is null or e.metric = s.metric)
        and (e.scope is null or e.scope = s.scope) and e.start_ms < (d.day + 1) * {_DAY_MS}::bigint
        and (e.end_ms is null or e.end_ms > d.day * {_DAY_MS}::bigint)
    ) or s.metric = %(iframe)s and exists (
      select from series o join day_sum v on v.day = d.day and v.series = o.id
      where o.app_key = s.app_key and o.metric = s.metric and o.scope = s.scope and o.id <> s.id
    )
  )
order by d.day, s.app_key, s.metric, s.scope, s.source desc limit %(most)s for update of d
"""  # noqa: S608 - no values
_PUT: Final = "update day_sum set (counted_good, counted_bad, excluded) = (%s, %s, %s) where day = %s and series = %s"

Row = tuple[int, int, str, str, str, str, bytes]


async def settle(connection: Connection, kept_ms: int) -> bool:
    """Put on record what counted of days that are older than minutes are kept; whether more are left."""
    values = {"kept": kept_ms, "iframe": IFRAME.id, "most": _BATCH_ROWS}
    rows: list[Row] = await (await connection.execute(_FIND.encode(), values, binary=True)).fetchall()
    if not rows:
        return False
    is_last = len(rows) < _BATCH_ROWS
    exclusions = exclusions_of(await (await connection.execute(EXCLUSIONS.encode(), {"app": None})).fetchall())
    turn, settled = Turn(), []
    for place, group in groupby(rows, key=_place):
        if not is_last and place == _place(rows[-1]):
            break  # perhaps not all of it was read
        for _, sources in groupby(group, key=_family):
            settled += _settled(list(sources), exclusions)
        await turn.give_way()
    async with connection.cursor() as cursor:
        await cursor.executemany(_PUT.encode(), settled)
    return not is_last


def _place(row: Row) -> tuple[int, str, str, str]:
    """Day and series, whoever tells of it."""
    day, _, app_key, metric, scope, _, _ = row
    return day, app_key, metric, scope


def _family(row: Row) -> str:
    """Of iframes the host and the app tell of the same."""
    _, _, _, metric, _, source, _ = row
    return source.rpartition(":")[0] if metric == IFRAME.id else source


def _settled(rows: Sequence[Row], exclusions: Exclusions) -> list[tuple[int, int, int, int, int]]:
    day, _, *names, _ = rows[0]
    spans = list(excluded_for(exclusions, SeriesKey(*names)))
    told = [Minutes(day * DAY_MINUTES, *read_day(row[-1])) for row in rows]
    left = [one.without(spans) for one in told]
    counted = [Counts()] * len(rows)
    for start, end, which in choices(left):
        more = left[which].between(start, end).counts
        counted[which] = Counts(counted[which].good + more.good, counted[which].bad + more.bad)
    all_told = chosen(told)
    excluded = all_told.counts.total - all_told.without(spans).counts.total
    told_once = [excluded, *[0] * (len(rows) - 1)]
    return [(*counts, out, day, row[1]) for row, counts, out in zip(rows, counted, told_once, strict=True)]
