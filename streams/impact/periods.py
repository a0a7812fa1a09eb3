"""Whether an app's targets were missed over the period that ends at a midnight (UTC), by all that is known today.

A verdict leaves out only the failures in excluded minutes; what succeeded in them stays, so that an exclusion can only
help. So what is met by the raw counts is met, and only the rest is looked at minute by minute. Minutes are kept for
five weeks: of older ones it stays as it was judged then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import psycopg

from streams.budgets.coverage import covered_minutes
from streams.evaluation.exclusions import Exclusions
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.minutes import Minutes, chosen
from streams.history.reading import StoredSeries, first_day_of_minutes, read_minutes, read_series, read_sums
from streams.history.sources import by_scope, counting_sources
from streams.objectives.service_level import ServiceLevel
from streams.standing.facts import DAY_MS, Rules
from streams.windows.hopping import NEVER, Span

Connection = psycopg.Connection[tuple[Any, ...]]

# Of two sources either may count, quarter by quarter: such a series is looked at if anything failed.
_SUSPECTS: Final = """
select app_key, scope from all_sums join series on id = series
where day >= %(first)s and day < %(end)s and metric = %(metric)s and source = any(%(sources)s)
  and (app_key, scope) > (%(app)s, %(scope)s)
group by app_key, scope
having sum(bad) * %(whole)s > %(allowed)s * (sum(good) + sum(bad)) or (count(distinct source) > 1 and sum(bad) > 0)
order by app_key, scope limit %(most)s
"""
_JUDGED: Final = """
select app_key, day, metric, scope, slo, good, bad, excused, known_ms, is_covered from period_verdict where day > %s
"""
_KNOWN: Final = "select coalesce(max(known_ms), 0), count(*) from exclusion"


@dataclass(frozen=True, slots=True)
class PeriodVerdict:
    """What one service level of a series came to over the period up to the midnight that `day` begins with.

    `excused` of the `bad` events lie in minutes that are excluded by what was known at `known_ms`.
    """

    app_key: str
    day: int
    metric: str
    scope: str
    slo: str
    good: int
    bad: int
    excused: int
    known_ms: int
    is_covered: bool

    def is_missed(self, level: ServiceLevel) -> bool:
        """Whether more failed than the target allows."""
        left = self.bad - self.excused
        whole = level.target.denominator
        return left * whole > (whole - level.target.numerator) * (self.good + left)


def knowledge(connection: Connection) -> tuple[int, int]:
    """The time of the newest version of an exclusion, and how many versions there are."""
    row = connection.execute(_KNOWN.encode()).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


class Periods:
    """Judges periods, from one view of the database."""

    def __init__(self, connection: Connection, exclusions: Exclusions, known_ms: int, rules: Rules) -> None:
        self._connection = connection
        self._known_ms = known_ms
        self._rules = rules
        self._known_at = lru_cache(maxsize=None)(exclusions.known_at)

    def suspects(
        self, level: ServiceLevel, day: int, after: tuple[str, str], most: int
    ) -> tuple[list[PeriodVerdict], tuple[str, str] | None]:
        """Verdicts on the next series that may have missed a level, in order; where to go on, None at the end."""
        whole = level.target.denominator
        values = {
            "first": day - self._days,
            "end": day,
            "metric": level.metric,
            "sources": list(counting_sources(level.metric)),
            "whole": whole,
            "allowed": whole - level.target.numerator,
            "app": after[0],
            "scope": after[1],
            "most": most,
        }
        found = self._connection.execute(_SUSPECTS.encode(), values).fetchall()
        verdicts = [self._judge(level, day, app_key, scope) for app_key, scope in found]
        return verdicts, found[-1] if len(found) == most else None

    def judged_anew(self, newest_day: int) -> list[PeriodVerdict]:
        """Verdicts that what is excluded by now makes others, of the two periods running that may make one due.

        Of what has no minutes any more they stay as they are.
        """
        found = []
        for row in self._connection.execute(_JUDGED.encode(), [newest_day - 2 * self._days]):
            verdict = PeriodVerdict(*row)
            then, now = (self._spans(verdict, known_ms) for known_ms in (verdict.known_ms, NEVER - 1))
            if then == now:
                continue
            kept = self._minutes(verdict)
            excused = verdict.excused + _failures_in(kept, now) - _failures_in(kept, then)
            found.append(replace(verdict, excused=excused, known_ms=self._known_ms))
        return found

    @property
    def _days(self) -> int:
        return self._rules.period_ms // DAY_MS

    def _judge(self, level: ServiceLevel, day: int, app_key: str, scope: str) -> PeriodVerdict:
        series = self._series(app_key, level.metric, scope)
        verdict = PeriodVerdict(app_key, day, level.metric, scope, level.name, 0, 0, 0, self._known_ms, False)
        kept = self._minutes(verdict)
        by_minute = chosen(kept).counts
        older = self._older(series, day - self._days, kept[0].start // DAY_MINUTES)
        first_ms = min(one.first_minute for one in series) * MINUTE_MS
        covered = covered_minutes(first_ms, day * DAY_MS, self._rules.period_ms)
        return replace(
            verdict,
            good=by_minute.good + sum(good for good, _ in older),
            bad=by_minute.bad + sum(bad for _, bad in older),
            excused=_failures_in(kept, self._spans(verdict, NEVER - 1)),
            is_covered=covered * MINUTE_MS >= self._rules.covered_ms,
        )

    def _series(self, app_key: str, metric: str, scope: str) -> list[StoredSeries]:
        return by_scope(read_series(self._connection, app_key), metric)[scope]

    def _minutes(self, of: PeriodVerdict) -> list[Minutes]:
        """What each source tells of the kept minutes of a period, the host before the app."""
        ids = [one.id for one in self._series(of.app_key, of.metric, of.scope)]
        first = first_day_of_minutes(self._connection, ids, of.day - self._days, of.day)
        if first >= of.day:
            return [Minutes(of.day * DAY_MINUTES, [], []) for _ in ids]
        minutes = read_minutes(self._connection, ids, first * DAY_MINUTES, of.day * DAY_MINUTES)
        return [minutes[one] for one in ids]

    def _older(self, series: Sequence[StoredSeries], first: int, end: int) -> Iterable[tuple[int, int]]:
        """Good and bad of the days whose minutes are gone: the app's word where it told anything that day."""
        ids = [one.id for one in series]
        for told in read_sums(self._connection, ids, first, end).values() if first < end else ():
            counts = next(told[one].all for one in reversed(ids) if one in told)
            yield counts.good, counts.bad

    def _spans(self, of: PeriodVerdict, known_ms: int) -> list[Span]:
        """What is excluded of a period, by what was known at a time."""
        start_ms, end_ms = (of.day - self._days) * DAY_MS, of.day * DAY_MS
        spans = self._known_at(known_ms, of.metric).spans(of.app_key, of.scope)
        return sorted({one for one in spans if one[0] < end_ms and one[1] > start_ms})


def _failures_in(told: Sequence[Minutes], spans: Iterable[Span]) -> int:
    """How many of the failures that count lie in minutes that one of the times touches."""
    counting = chosen(told)
    return counting.counts.bad - counting.without(spans).counts.bad
