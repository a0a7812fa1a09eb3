"""What the database has of an app: its series, their minutes, and how far they are counted."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import psycopg

from streams.budgets.budget import Counts
from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.latency import CHUNK_SLOTS, DAY_CHUNKS
from streams.history.minutes import Minutes
from streams.history.recent import Day, add_days, add_latencies, no_minutes
from streams.history.tally import DAY_HOURS, SeriesKey
from streams.sink.last_record import LastRecord

Connection = psycopg.Connection[tuple[Any, ...]]

_SERIES: Final = """
select id, first_minute, app_key, metric, scope, source from series
where app_key = %s order by metric, scope, source
"""
_DAYS: Final = "select series, day, packed from all_counts where series = any(%s) and day between %s and %s"
_FIRST_DAY: Final = "select min(day) from all_counts where series = any(%s) and day between %s and %s"
_SUMS: Final = """
select day, series, good, bad, counted_good, counted_bad, excluded from day_sum
where series = any(%(ids)s) and day between %(first)s and %(last)s
union all
select day, series, good, bad, null, null, null from recent
where series = any(%(ids)s) and day between %(first)s and %(last)s
"""
_LATENCIES: Final = "select series, chunk, packed from all_latencies where series = any(%s) and chunk between %s and %s"
_NEWEST_DAY: Final = f"""
with seen as (select max(watermark_ms) / {DAY_MINUTES * MINUTE_MS} as day from sink_offset)
select greatest(
  (select max(day) from day_sum where day <= (select day from seen)),
  (select max(day) from recent where day <= (select day from seen))
)
"""  # noqa: S608
_LATE: Final = "select series, day, hours from late where series = any(%s) and day between %s and %s"
_COUNTED: Final = "select topic, part, next from sink_offset where reader = 'history' and next is not null"
_LAST_RECORDS: Final = """
select topic, part, last_offset, last_ms from sink_offset where reader = 'history' and last_offset is not null
"""
EXCLUSIONS: Final = """
select id, known_ms, app_key, metric, scope, reason, start_ms, end_ms, announced_ms from exclusion
where %(app)s::text is null or id in (select id from exclusion where app_key = %(app)s or app_key is null)
order by part, "offset"
"""
_BREACHED: Final = """
select distinct metric, scope from alert b where app_key = %s and type = 'BREACH'
and not exists (select from alert r where r.incident_id = b.incident_id and r.type = 'RECOVERY')
"""
_NO_MINUTES: Final = no_minutes()
_PROGRESS: Final = "select topic, part, watermark_ms from sink_offset where reader = 'history'"


Breached = set[tuple[str, str]]
"""Metric and scope of each series of an app with a breach that has not recovered."""


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """A series as the database numbers it; `first_minute` is that of its first event, since 1970."""

    id: int
    first_minute: int
    key: SeriesKey


class DaySum(NamedTuple):
    """All events of a day and source; once its minutes are gone, what `counted` and what was excluded of the day.

    `counted` None: all of them, of whoever counts that day.
    """

    all: Counts
    counted: Counts | None = None
    excluded: int = 0


def read_series(connection: Connection, app_key: str) -> list[StoredSeries]:
    """All series of an app, by metric, scope and source."""
    rows = connection.execute(_SERIES.encode(), [app_key]).fetchall()
    return [StoredSeries(number, first, SeriesKey(*key)) for number, first, *key in rows]


class MinuteReader:
    """Reads the minutes of series by their numbers; a day of one that was read before is not read again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read: set[tuple[int, int]] = set()
        self._days: dict[tuple[int, int], Day] = {}

    def minutes(self, ids: Sequence[int], start: int, end: int) -> dict[int, Minutes]:
        """The minutes [start, end) since 1970, of all that are asked for."""
        first_day, last_day = start // DAY_MINUTES, (end - 1) // DAY_MINUTES
        days = range(first_day, last_day + 1)
        asked = {(series, day) for series in ids for day in days}
        if not asked <= self._read:
            rows = _days(self._connection, ids, first_day, last_day)
            self._days |= add_days(((series, day), packed) for series, day, packed in rows)
            self._read |= asked
        found = {}
        for series in ids:
            good, bad = array("I"), array("I")
            for day in days:
                day_good, day_bad = self._days.get((series, day), _NO_MINUTES)
                good += day_good
                bad += day_bad
            found[series] = Minutes(first_day * DAY_MINUTES, good, bad).between(start, end)
        return found


def read_minutes(connection: Connection, ids: Sequence[int], start: int, end: int) -> dict[int, Minutes]:
    """The minutes [start, end) since 1970 of series by their numbers, of all that are asked for."""
    return MinuteReader(connection).minutes(ids, start, end)


def first_day_of_minutes(connection: Connection, ids: Sequence[int], first: int, end: int) -> int:
    """The first of the days [first, end) since 1970 of which there are minutes; `end` where there is none."""
    row = connection.execute(_FIRST_DAY.encode(), [list(ids), first, end - 1]).fetchone()
    return end if row is None or row[0] is None else int(row[0])


def read_newest_day(connection: Connection) -> int | None:
    """The newest day since 1970 that has events; None before the first."""
    row = connection.execute(_NEWEST_DAY.encode()).fetchone()
    return None if row is None else row[0]


def read_application(connection: Connection) -> str | None:
    """The application that the database belongs to; None: nobody's yet."""
    row = connection.execute("select id from application").fetchone()
    return None if row is None else row[0]


def read_counted(connection: Connection) -> dict[tuple[str, int], int]:
    """Up to which offset each partition is stored, those of which anything is."""
    rows = connection.execute(_COUNTED.encode()).fetchall()
    return {(topic, part): offset for topic, part, offset in rows}


def read_last_records(connection: Connection) -> dict[tuple[str, int], LastRecord]:
    """The last record that was taken in of each partition, where that is known."""
    rows = connection.execute(_LAST_RECORDS.encode()).fetchall()
    return {(topic, part): LastRecord(offset, stamp_ms) for topic, part, offset, stamp_ms in rows}


def read_sums(connection: Connection, ids: Sequence[int], first: int, end: int) -> dict[int, dict[int, DaySum]]:
    """Sums of the days [first, end) since 1970, those that have any events: day -> series -> sum."""
    found: dict[int, dict[int, DaySum]] = {}
    values = {"ids": list(ids), "first": first, "last": end - 1}
    for day, series, good, bad, *counted, excluded in connection.execute(_SUMS.encode(), values):
        of_day = found.setdefault(day, {})
        one = of_day.get(series, DaySum(Counts()))
        of_day[series] = DaySum(
            Counts(one.all.good + good, one.all.bad + bad),
            one.counted if excluded is None else Counts(*counted),
            one.excluded if excluded is None else excluded,
        )
    return found


def read_latencies(connection: Connection, ids: Sequence[int], start: int, end: int) -> dict[int, Counter[int]]:
    """Latencies of all days that the minutes touch, by series: events by slot since 1970 and bucket (`place_in`)."""
    first, last = start // DAY_MINUTES * DAY_CHUNKS, (end - 1) // DAY_MINUTES * DAY_CHUNKS + DAY_CHUNKS - 1
    rows: dict[int, list[tuple[int, bytes]]] = {series: [] for series in ids}
    for series, chunk, packed in connection.execute(_LATENCIES.encode(), [list(ids), first, last], binary=True):
        rows[series].append((chunk * CHUNK_SLOTS, packed))
    return {series: add_latencies(some) for series, some in rows.items()}


def read_late(connection: Connection, ids: Sequence[int], first_day: int, last_day: int) -> dict[int, Counter[int]]:
    """Events of these days since 1970 that came once their minute was complete, by series and hour since 1970."""
    found = {series: Counter[int]() for series in ids}
    for series, day, hours in connection.execute(_LATE.encode(), [list(ids), first_day, last_day]):
        found[series].update({day * DAY_HOURS + hour: count for hour, count in enumerate(hours) if count})
    return found


def read_exclusions(connection: Connection, app_key: str | None = None) -> Exclusions:
    """All versions of all exclusions that history has stored; with an app of those that may be for it."""
    return exclusions_of(connection.execute(EXCLUSIONS.encode(), {"app": app_key}))


def read_breached(connection: Connection, app_key: str) -> Breached:
    """The series of an app that are breached now."""
    return set(connection.execute(_BREACHED.encode(), [app_key]).fetchall())


def exclusions_of(rows: Iterable[tuple[Any, ...]]) -> Exclusions:
    """Those of the rows that `EXCLUSIONS` gives."""
    found = Exclusions()
    for name, known_ms, app, metric, scope, reason, start_ms, end_ms, announced_ms in rows:
        rule = ExclusionRule(
            app, metric, reason == "PLANNED_DOWNTIME", start_ms, end_ms, scope=scope, announced_ms=announced_ms
        )
        found.add(name, None if reason is None else rule, known_ms)
    return found


def read_watermarks(connection: Connection) -> dict[str, dict[int, int | None]]:
    """Input topic -> partition -> up to when events were seen there, epoch ms; None: none yet."""
    found: dict[str, dict[int, int | None]] = {}
    for topic, part, watermark_ms in connection.execute(_PROGRESS.encode()):
        found.setdefault(topic, {})[part] = watermark_ms
    return found


def _days(connection: Connection, ids: Sequence[int], first: int, last: int) -> Iterable[tuple[int, int, bytes]]:
    return connection.execute(_DAYS.encode(), [list(ids), first, last], binary=True).fetchall()
