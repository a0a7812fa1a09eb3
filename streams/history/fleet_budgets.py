"""The budgets of the whole fleet, kept as time goes on: a row for each series and SLO, for pages that show many.

Every process keeps those of the partitions that it owns, again and again, in a quarter of its time: with few series
they are a few seconds old, with hundreds of thousands some minutes. Each row says as of when it is. They are derived:
what was not written, or by an owner that was followed, is made anew in the next round.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final

from aiokafka import TopicPartition

from streams.budgets.budget import Budget, Counts, burn_rate
from streams.budgets.coverage import covered_minutes
from streams.budgets.forecast import never_runs_out
from streams.database.patient import Connection, PatientDatabase
from streams.evaluation.exclusions import Exclusions
from streams.evaluation.judged import SeriesKey
from streams.history.budgets import BURN_MINUTES, SeriesBudget, Told, excluded_for, minutes_shown, series_budget
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.documents import decimal_text
from streams.history.minutes import Minutes
from streams.history.recent import no_minutes
from streams.history.screening import Place
from streams.history.sources import counting_sources
from streams.history.sum_reading import Wanted, edge_days, read_sums
from streams.history.sums import SeriesSums, SourceSums
from streams.history.tally import SeriesKey as SourceKey
from streams.objectives.service_level import ServiceLevel
from streams.turn import Turn
from streams.windows.hopping import HoppingWindow, Span

PAGE: Final = 200
_REST: Final = 3
"""So many times as long as a page took nothing is done."""
_LEAST_REST_S: Final = 0.05
_ROUND_S: Final = 1.0

_SERIES: Final = """
select id, app_key, scope from series
where metric = %s and placed %% %s = %s and source = any(%s) and id > %s order by id limit %s
"""
_SEEN: Final = """
select next, watermark_ms from sink_offset where reader = %s and topic = %s and part = %s
"""
_PUT: Final = """
insert into budget (app_key, metric, scope, slo, target, period_ms, good, bad, covered_minutes, state, consumed,
                    remaining_events, burn_1h, burn_6h, burn_1d, burn_3d, exhausted_at_ms, as_of_ms)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (series_digest(app_key, metric, scope, slo)) do update set
  (target, period_ms, good, bad, covered_minutes, state, consumed, remaining_events, burn_1h, burn_6h, burn_1d,
   burn_3d, exhausted_at_ms, as_of_ms)
  = (excluded.target, excluded.period_ms, excluded.good, excluded.bad, excluded.covered_minutes, excluded.state,
     excluded.consumed, excluded.remaining_events, excluded.burn_1h, excluded.burn_6h, excluded.burn_1d,
     excluded.burn_3d, excluded.exhausted_at_ms, excluded.as_of_ms)
where budget.as_of_ms <= excluded.as_of_ms
"""
_FORGET: Final = "delete from budget where metric = %s and slo <> all(%s)"
_OPEN: Final = """
select distinct app_key, metric, scope from alert b
where type = 'BREACH' and not exists (select from alert r where r.incident_id = b.incident_id and r.type = 'RECOVERY')
"""
_BREACHED: Final = f"""
with breached as materialized ({_OPEN}), now_breached as (
  update budget b set breached = true from breached o
  where not b.breached and b.app_key = o.app_key and b.metric = o.metric and b.scope = o.scope
)
update budget b set breached = false
where b.breached
  and not exists (select from breached o where b.app_key = o.app_key and b.metric = o.metric and b.scope = o.scope)
"""  # noqa: S608 - no values


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the budgets of a partition depend on: where it is unchanged, they are."""

    next_offset: int | None
    minute: int
    exclusions: int


class FleetBudgets:
    """Keeps the budgets of the partitions that are `begun` and not `ended`. `reader` is whose offsets tell the time."""

    def __init__(
        self,
        database: PatientDatabase,
        levels: Sequence[ServiceLevel],
        exclusions: Exclusions,
        lateness_ms: int,
        *,
        reader: str,
    ) -> None:
        self._database = database
        self._levels = levels
        self._exclusions = exclusions
        self._lateness_ms = lateness_ms
        self._reader = reader
        self._places: dict[TopicPartition, Place] = {}
        self._kept: dict[TopicPartition, _Seen] = {}

    def begin(self, tp: TopicPartition, place: Place) -> None:
        """Keep those of a partition from now on."""
        self._places[tp] = place
        self._kept.pop(tp, None)

    def end(self, tp: TopicPartition) -> None:
        """Somebody else keeps them."""
        self._places.pop(tp, None)

    async def run(self) -> None:
        """Keep them until cancelled.

        Raises:
            DatabaseAwayError: patience has run out.
        """
        while True:
            await self.keep()
            await asyncio.sleep(_ROUND_S)

    async def keep(self) -> None:
        """One round: the partitions in which anything has changed, and what is breached."""
        for tp, place in list(self._places.items()):
            await self._keep(tp, place)
        if self._places:
            await self._database.run(lambda connection: connection.execute(_BREACHED.encode()))

    async def _keep(self, tp: TopicPartition, place: Place) -> None:
        levels = [level for level in self._levels if level.metric == place.metric]
        seen = await self._seen(tp)
        if seen is None or seen == self._kept.get(tp):
            return
        names = [level.name for level in levels]
        await self._database.run(lambda connection: connection.execute(_FORGET.encode(), [place.metric, names]))
        last_id = 0
        while levels and tp in self._places:
            started_s = time.monotonic()
            rows = await self._database.run(partial(self._series, place, last_id))
            if not rows:
                break
            last_id = rows[-1][0]
            keys = sorted({(app_key, scope) for _, app_key, scope in rows})
            now = await self._seen(tp) or seen
            await self._database.run(partial(self._put, keys, levels, now.minute))
            await asyncio.sleep(max(_LEAST_REST_S, _REST * (time.monotonic() - started_s)) if len(rows) == PAGE else 0)
        self._kept[tp] = seen

    async def _seen(self, tp: TopicPartition) -> _Seen | None:
        async def action(connection: Connection) -> tuple[Any, ...] | None:
            return await (await connection.execute(_SEEN.encode(), [self._reader, *tp])).fetchone()

        found = await self._database.run(action)
        if found is None or found[1] is None:
            return None
        return _Seen(found[0], (found[1] - self._lateness_ms) // MINUTE_MS, self._exclusions.revision)

    async def _series(self, place: Place, after: int, connection: Connection) -> list[tuple[Any, ...]]:
        where = [place.metric, place.partitions, place.part, list(counting_sources(place.metric)), after, PAGE]
        return await (await connection.execute(_SERIES.encode(), where)).fetchall()

    async def _put(
        self, keys: Sequence[SeriesKey], levels: Sequence[ServiceLevel], end: int, connection: Connection
    ) -> None:
        budgets = await fleet_budgets(connection, keys, levels, self._exclusions, end)
        async with connection.cursor() as cursor:
            await cursor.executemany(_PUT.encode(), map(_row, budgets))


async def fleet_budgets(
    connection: Connection,
    keys: Sequence[SeriesKey],
    levels: Sequence[ServiceLevel],
    exclusions: Exclusions,
    end: int,
) -> list[SeriesBudget]:
    """The budgets of series of one metric under its service levels, as of a minute since 1970.

    Those of most are told by the sums of days; only where these leave open when a budget will be used up, every minute
    of its period is read.
    """
    metric = levels[0].metric
    start = end - minutes_shown(max(level.period_ms for level in levels))
    first_day, last_day = start // DAY_MINUTES, (end - 1) // DAY_MINUTES
    lengths = [*BURN_MINUTES.values(), *(level.period_ms // MINUTE_MS for level in levels)]
    edges = {(end - length) // DAY_MINUTES for length in (0, *lengths)}
    spans = {key: excluded_for(exclusions, SourceKey(key[0], metric, key[1], "")) for key in keys}
    by_app: dict[str, set[int]] = {}
    for (app_key, _), its_spans in spans.items():
        for span in its_spans:
            by_app.setdefault(app_key, set()).update(edge_days(span, {MINUTE_MS}))
    found = await read_sums(connection, metric, keys, Wanted(first_day, last_day, edges, by_app))
    every_day = Wanted(first_day, last_day, range(first_day, last_day + 1), {})
    turn, budgets = Turn(), list[SeriesBudget]()
    for key, one in found.items():
        told = [_of_sums(one, level, spans[key], end) for level in levels]
        if None in told:
            (whole,) = (await read_sums(connection, metric, [key], every_day)).values()
            minutes = [Told(_minutes(each, first_day, last_day), one.first_minute) for each in whole.told if each.sums]
            told = [_of_minutes(one, level, minutes, spans[key], end) for level in levels]
        budgets += filter(None, told)
        await turn.give_way()
    return budgets


def _of_minutes(
    one: SeriesSums, level: ServiceLevel, told: Sequence[Told], spans: Sequence[Span], end: int
) -> SeriesBudget:
    begin = end - minutes_shown(level.period_ms)
    parts = [Told(each.minutes.between(begin, end), each.first_minute) for each in told]
    return series_budget(*one.key, level, parts, spans)


def _minutes(told: SourceSums, first_day: int, last_day: int) -> Minutes:
    days = [told.days.get(day, _NOTHING) for day in range(first_day, last_day + 1)]
    good, bad = (list(chain.from_iterable(day[which] for day in days)) for which in (0, 1))
    return Minutes(first_day * DAY_MINUTES, good, bad)


_NOTHING: Final = no_minutes()


def _of_sums(one: SeriesSums, level: ServiceLevel, spans: Sequence[Span], end: int) -> SeriesBudget | None:
    """That of a series by the sums of days; None where they do not tell when it will be used up."""
    as_of_ms = end * MINUTE_MS

    def window(minutes: int) -> HoppingWindow:
        return HoppingWindow(minutes * MINUTE_MS, MINUTE_MS, MINUTE_MS)

    def counts(minutes: int) -> Counts:
        of = window(minutes)
        return Counts(*one.counted(of.without(as_of_ms, of.within(as_of_ms, spans))))

    period = level.period_ms // MINUTE_MS
    budget = Budget(level.target, counts(period))
    is_told_once = not any(told.sums for told in one.told[1:])
    if not budget.is_met:
        exhausted_at_ms: int | None = as_of_ms
    elif budget.counts.bad == 0 or (
        is_told_once and never_runs_out(level.target, _days(one, end - period, end, spans), counts(DAY_MINUTES))
    ):
        exhausted_at_ms = None
    else:
        return None
    return SeriesBudget(
        one.app_key,
        one.scope,
        level,
        budget,
        as_of_ms,
        covered_minutes(one.first_minute * MINUTE_MS, as_of_ms, level.period_ms),
        {name: burn_rate(level.target, counts(minutes)) for name, minutes in BURN_MINUTES.items()},
        exhausted_at_ms,
    )


def _days(one: SeriesSums, start: int, end: int, spans: Sequence[Span]) -> list[Counts]:
    """What is left of all days that [start, end) touches, of the last one what is before the end."""
    found = []
    for first in range(start // DAY_MINUTES * DAY_MINUTES, end, DAY_MINUTES):
        stop = min(first + DAY_MINUTES, end)
        day = HoppingWindow((stop - first) * MINUTE_MS, MINUTE_MS, MINUTE_MS)
        stop_ms = stop * MINUTE_MS
        found.append(Counts(*one.counted(day.without(stop_ms, day.within(stop_ms, spans)))))
    return found


def _row(one: SeriesBudget) -> list[Any]:
    budget = one.budget
    return [
        one.app_key,
        one.level.metric,
        one.scope,
        one.level.name,
        decimal_text(one.level.target),
        one.level.period_ms,
        *budget.counts,
        one.covered_minutes,
        str(one.state),
        None if budget.consumed is None else float(budget.consumed),
        budget.remaining_events,
        *(None if rate is None else float(rate) for rate in one.burn.values()),
        one.exhausted_at_ms,
        one.as_of_ms,
    ]
