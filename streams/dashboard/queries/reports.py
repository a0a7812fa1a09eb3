"""A month of a partner: what each SLI of its apps reached, and how breaches were found, told and mended."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

from schemas.event_time import utc_text
from streams.budgets.budget import Budget, Counts
from streams.dashboard.database import MINE, View
from streams.evaluation.exclusions import Exclusions
from streams.history.app_budgets import completed_minutes
from streams.history.budgets import excluded_for
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.documents import decimal_text
from streams.history.minutes import Minutes, chosen
from streams.history.reading import (
    StoredSeries,
    first_day_of_minutes,
    read_exclusions,
    read_minutes,
    read_series,
    read_sums,
)
from streams.history.sources import by_scope
from streams.history.steps import chosen_day
from streams.objectives.service_level import ServiceLevel
from streams.settings import Settings
from streams.web.problem import Problem, ProblemError

_APPS: Final = f"""
select app_key, name from app where partner_id = %(partner)s and {MINE} order by app_key
"""
# `told_ms` is when the first message was accepted; a breach that is excluded by now is none.
_BREACHES: Final = """
select b.metric, b.scope, b.breached_at_ms, r.time_ms as recovered_ms,
  (b.record->>'measurementDurationSeconds')::bigint as window_s,
  (select extract(epoch from min(d.sent_at)) * 1000 from delivery d
    where d.thread = b.incident_id and d.kind = 'breach')::bigint as told_ms
from alert b left join alert r on r.incident_id = b.incident_id and r.type = 'RECOVERY'
where b.app_key = %(app)s and b.type = 'BREACH' and b.breached_at_ms >= %(from)s and b.breached_at_ms < %(to)s
  and r.reason is distinct from 'EXCLUDED'
order by b.breached_at_ms
"""


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar, in minutes since 1970, UTC."""

    name: str
    start: int
    end: int

    @classmethod
    def named(cls, name: str) -> "Month":
        """By its name, `2026-03`.

        Raises:
            ValueError: it is none.
        """
        first = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
        start = int(first.timestamp()) // 60
        return cls(name, start, start + monthrange(first.year, first.month)[1] * DAY_MINUTES)


def report(
    view: View, settings: Settings, levels: Sequence[ServiceLevel], partner: str, month: Month
) -> dict[str, Any]:
    """The report, with an item for each SLI of each app under each SLO.

    Raises:
        ProblemError: NOT_FOUND: this viewer sees no app of the partner.
    """
    apps = view.rows(_APPS, {"partner": partner})
    if not apps:
        raise ProblemError(Problem.NOT_FOUND)
    items = [item for app in apps for item in _of_app(view, settings, levels, app, month)]
    ends = [item.pop("asOfMs") for item in items]
    return {
        "asOf": utc_text(min(ends)) if ends else None,
        "partner": partner,
        "month": month.name,
        "items": items,
    }


def _of_app(
    view: View, settings: Settings, levels: Iterable[ServiceLevel], app: dict[str, Any], month: Month
) -> list[dict[str, Any]]:
    connection, app_key = view.connection, app["app_key"]
    stored = read_series(connection, app_key)
    completed = completed_minutes(connection, settings, app_key)
    exclusions = read_exclusions(connection, app_key)
    between = {"app": app_key, "from": month.start * MINUTE_MS, "to": month.end * MINUTE_MS}
    breaches = view.rows(_BREACHES, between)
    found = []
    for level in levels:
        end = min(month.end, completed.get(level.metric, month.start))
        for scope, some in by_scope(stored, level.metric).items():
            ours = [one for one in breaches if (one["metric"], one["scope"]) == (level.metric, scope)]
            counts, minutes = _counts(view, some, exclusions, month.start, end)
            budget = Budget(level.target, counts)
            found.append(
                {
                    "appKey": app_key,
                    "appName": app["name"],
                    "metricId": level.metric,
                    "scope": scope,
                    "slo": level.name,
                    "target": decimal_text(level.target),
                    "goodCount": counts.good,
                    "badCount": counts.bad,
                    "attainment": counts.good / counts.total if counts.total else None,
                    "met": budget.is_met if budget.has_data else None,
                    "consumed": None if budget.consumed is None else float(budget.consumed),
                    "breaches": len(ours),
                    "timeToDetectSeconds": _median([_detected_s(one, minutes) for one in ours]),
                    "timeToTellSeconds": _median([_seconds(one["breached_at_ms"], one["told_ms"]) for one in ours]),
                    "timeToRecoverSeconds": _median(
                        [_seconds(one["breached_at_ms"], one["recovered_ms"]) for one in ours]
                    ),
                    "asOfMs": end * MINUTE_MS,
                }
            )
    return found


def _counts(
    view: View, some: Sequence[StoredSeries], exclusions: Exclusions, start: int, end: int
) -> tuple[Counts, Minutes]:
    """Good and bad events of the time, and those of its minutes that are kept; of older days all count."""
    ids, first = [one.id for one in some], start
    good = bad = 0
    if start < end:
        first_day = first_day_of_minutes(view.connection, ids, start // DAY_MINUTES, -(-end // DAY_MINUTES))
        sums = read_sums(view.connection, ids, start // DAY_MINUTES, first_day)
        for day in range(start // DAY_MINUTES, first_day):
            more = chosen_day([sums.get(day, {}).get(number) for number in ids])
            good, bad = good + more.good, bad + more.bad
        first = min(end, first_day * DAY_MINUTES)
    if first >= end:
        return Counts(good, bad), Minutes(first, [], [])
    minutes = read_minutes(view.connection, ids, first, end)
    spans = excluded_for(exclusions, some[0].key)
    kept = chosen([minutes[number].without(spans) for number in ids])
    return Counts(good + kept.counts.good, bad + kept.counts.bad), kept


def _detected_s(breach: dict[str, Any], minutes: Minutes) -> int | None:
    """From the first bad event of the breach's window, by its minute, to the breach."""
    end = breach["breached_at_ms"] // MINUTE_MS
    start = max(minutes.start, end - breach["window_s"] // 60)
    bad = minutes.bad[start - minutes.start : max(0, end - minutes.start)]
    at = next((minute for minute, count in enumerate(bad, start) if count), None)
    return None if at is None else _seconds(at * MINUTE_MS, breach["breached_at_ms"])


def _seconds(start_ms: int, end_ms: int | None) -> int | None:
    return None if end_ms is None else (end_ms - start_ms) // 1_000


def _median(found: Iterable[int | None]) -> int | None:
    known = [seconds for seconds in found if seconds is not None]
    return int(median(known)) if known else None
