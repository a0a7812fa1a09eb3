"""What history has of an incident: how much failed since it began, and when that was."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.database.patient import Connection
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.minutes import Minutes, chosen
from streams.history.recent import Day, add_days
from streams.history.sources import counting_sources
from streams.incidents.capabilities import OF_METRIC
from streams.incidents.life import Incident

MOST_SERIES: Final = 5_000
"""Of a larger incident, these are enough to tell an outage."""
_LOOK_BACK_MINUTES: Final = 6 * 60  # longer windows begin to breach long after what they breach for

_SERIES: Final = """
with member as (
  select o.app_key, o.metric, o.scope, min(o.breached_ms - least(b.window_ms, %(longest)s)) as from_ms
  from onset o join breach b on b.id = o.breach
  where o.incident = %(incident)s and o.is_member group by 1, 2, 3
  union
  select app_key, metric, scope, %(start)s from series where app_key = any(%(apps)s) and metric = any(%(metrics)s)
  order by 1, 2, 3 limit %(most)s
)
select s.id, m.app_key, m.metric, m.scope, s.source, m.from_ms
from member m join series s on (s.app_key, s.metric, s.scope) = (m.app_key, m.metric, m.scope)
order by s.source desc
"""
_DAYS: Final = (
    "select series, day, packed from all_counts where series = any(%s) and day between %s and %s order by day"
)


class Measured(NamedTuple):
    """Events since `start_ms`, the first minute with a bad one."""

    good: int
    bad: int
    start_ms: int


async def measure(connection: Connection, incident: Incident, until_ms: int) -> Measured | None:
    """Events of the series whose breaches are the incident's, up to a time; None: history has no bad one of them.

    The start is looked for in the windows of its breaches, up to six hours of each. Of one that a person raised, the
    series are those of the apps that were named, where a capability was, too, its own; its start is what was said.
    """
    values = {
        "incident": incident.id,
        "longest": _LOOK_BACK_MINUTES * MINUTE_MS,
        "most": MOST_SERIES,
        "start": incident.start_ms,
        "apps": [] if incident.scope is not None else list(incident.app_keys),
        "metrics": [metric for metric, name in OF_METRIC.items() if incident.capability in (None, name)],
    }
    rows = await (await connection.execute(_SERIES, values)).fetchall()
    rows = [row for row in rows if row[4] in counting_sources(row[2])]
    if not rows:
        return None
    start, end = min(row[5] for row in rows) // MINUTE_MS, until_ms // MINUTE_MS
    if start >= end:
        return None
    ids = [row[0] for row in rows]
    span = [ids, start // DAY_MINUTES, (end - 1) // DAY_MINUTES]
    days = await (await connection.execute(_DAYS, span, binary=True)).fetchall()
    if not days:
        return None
    start = max(start, days[0][1] * DAY_MINUTES)  # before the first day that is kept, however long ago it began
    counted_days = add_days(((series, day), data) for series, day, data in days)
    told: dict[Sequence[Any], list[Minutes]] = {}
    for series, *name, _source, _from_ms in rows:
        told.setdefault(tuple(name), []).append(_minutes(counted_days, series, start, end))
    counted = [chosen(one) for one in told.values()]
    first = min((one.start + at for one in counted for at in _bad(one)), default=None)
    if first is None:
        return None
    first = min(first, max(start, incident.start_ms // MINUTE_MS))
    parts = [one.between(first, end).counts for one in counted]
    return Measured(sum(one.good for one in parts), sum(one.bad for one in parts), first * MINUTE_MS)


def _bad(minutes: Minutes) -> Iterable[int]:
    return next(([at] for at, bad in enumerate(minutes.bad) if bad), [])


def _minutes(days: Mapping[tuple[int, int], Day], series: int, start: int, end: int) -> Minutes:
    first_day, last_day = start // DAY_MINUTES, (end - 1) // DAY_MINUTES
    nothing = array("I", bytes(4 * DAY_MINUTES))
    good, bad = array("I"), array("I")
    for day in range(first_day, last_day + 1):
        day_good, day_bad = days.get((series, day), (nothing, nothing))
        good += day_good
        bad += day_bad
    return Minutes(first_day * DAY_MINUTES, good, bad).between(start, end)
