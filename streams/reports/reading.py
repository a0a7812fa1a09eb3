"""Reports from the database: `partner_report` sees what its connection is let see."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from streams.budgets.budget import Counts
from streams.evaluation.exclusions import Exclusions
from streams.history.budgets import excluded_for
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.completed import completed_minutes
from streams.history.minutes import Minutes, chosen
from streams.history.reading import (
    Connection,
    StoredSeries,
    first_day_of_minutes,
    read_exclusions,
    read_minutes,
    read_series,
    read_sums,
)
from streams.history.sources import by_scope
from streams.history.steps import chosen_day
from streams.incidents.measures import By, Question, read_means
from streams.objectives.service_level import ServiceLevel
from streams.reports.month import Month
from streams.reports.report import Breach, Notice, Report, SliMonth
from streams.settings import Settings

MOST_NOTICES: Final = 200

_APPS: Final = """
select app_key, name, partner_name from app where coalesce(partner_id, partner_name) = %(partner)s order by app_key
"""
# A breach that does not count, by what is known now, is none.
_BREACHES: Final = """
select b.incident_id, b.metric, b.scope, b.objective, b.severity,
  (b.record->>'measurementDurationSeconds')::bigint * 1000, b.breached_at_ms,
  (select extract(epoch from min(d.sent_at)) * 1000 from delivery d
    where d.notification = b.incident_id || '-breach' and d.state = 'SENT')::bigint,
  r.time_ms, r.reason
from alert b left join alert r on r.incident_id = b.incident_id and r.type = 'RECOVERY'
where b.app_key = %(app)s and b.type = 'BREACH' and b.breached_at_ms >= %(from)s and b.breached_at_ms < %(to)s
  and r.reason is distinct from 'EXCLUDED'
order by b.breached_at_ms, b.incident_id
"""
_NOTICES: Final = """
select kind, app_key, time_ms, data->>'subject' from notification
where app_key = any(%(apps)s) and kind in ('STANDING', 'SEVERITY', 'INCIDENT')
  and time_ms >= %(from)s and time_ms < %(to)s
order by time_ms, id limit %(most)s
"""


def partner_report(
    connection: Connection, settings: Settings, levels: Sequence[ServiceLevel], partner: str, month: Month
) -> Report | None:
    """The report of a partner, by the id that the catalogue has for it, or its name; None: no app of it is known.

    It has an item for each SLI of each app under each SLO. Of days whose minutes are no longer kept that counts which
    did when they went.
    """
    apps = connection.execute(_APPS.encode(), {"partner": partner}).fetchall()
    if not apps:
        return None
    items, ends = list[SliMonth](), list[int]()
    for app_key, name, _ in apps:
        completed = completed_minutes(connection, settings, app_key)
        ends += completed.values()
        items += _of_app(connection, completed, levels, app_key, name, month)
    from_ms, to_ms = month.first_ms, month.moved(1).first_ms
    app_keys = [app_key for app_key, *_ in apps]
    values = {"from": from_ms, "to": to_ms, "apps": app_keys, "most": MOST_NOTICES}
    notices = [Notice(*row) for row in connection.execute(_NOTICES.encode(), values)]
    as_of = min((min(end, month.end) for end in ends), default=None)
    as_of_ms = None if as_of is None else as_of * MINUTE_MS
    together, of_apps = (
        read_means(connection, Question(by, from_ms, to_ms, app_keys, with_internal=False)) for by in (By.MONTH, By.APP)
    )
    incidents = together[0] if together else None
    return Report(partner, apps[0][2], str(month), as_of_ms, items, notices, incidents, of_apps)


def _of_app(
    connection: Connection,
    completed: dict[str, int],
    levels: Iterable[ServiceLevel],
    app_key: str,
    name: str,
    month: Month,
) -> Iterator[SliMonth]:
    stored = read_series(connection, app_key)
    exclusions = read_exclusions(connection, app_key)
    values = {"app": app_key, "from": month.first_ms, "to": month.moved(1).first_ms}
    breaches = [Breach(*row) for row in connection.execute(_BREACHES.encode(), values)]
    for level in levels:
        end = min(month.end, completed.get(level.metric, month.start))
        for scope, some in by_scope(stored, level.metric).items():
            counts, minutes = _counts(connection, some, exclusions, month.start, end)
            ours = [breach for breach in breaches if (breach.metric, breach.scope) == (level.metric, scope)]
            yield SliMonth(app_key, name, level, scope, counts, minutes, ours)


def _counts(
    connection: Connection, some: Sequence[StoredSeries], exclusions: Exclusions, start: int, end: int
) -> tuple[Counts, Minutes]:
    """What counts of the minutes [start, end), and those of them that are kept; of older days there are sums."""
    if start >= end:
        return Counts(), Minutes(start, [], [])
    ids = [one.id for one in some]
    first_day, last_day = start // DAY_MINUTES, -(-end // DAY_MINUTES)
    first_kept = first_day_of_minutes(connection, ids, first_day, last_day)
    sums = read_sums(connection, ids, first_day, first_kept)
    days = [chosen_day([sums.get(day, {}).get(number) for number in ids]) for day in range(first_day, first_kept)]
    first = min(end, max(start, first_kept * DAY_MINUTES))
    minutes = Minutes(first, [], [])
    if first < end:
        found = read_minutes(connection, ids, first, end)
        spans = list(excluded_for(exclusions, some[0].key))
        minutes = chosen([found[number].without(spans) for number in ids])
    counts = [*(day.all for day in days), minutes.counts]
    return Counts(sum(one.good for one in counts), sum(one.bad for one in counts)), minutes
