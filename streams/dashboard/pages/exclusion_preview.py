"""What a change to the exclusions would change: budgets, and breaches, by all that is counted until now."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from streams.budgets.budget import Counts
from streams.dashboard.database import View
from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.evaluation.objective import Objective
from streams.history.app_budgets import app_budgets
from streams.history.budgets import SeriesBudget
from streams.history.counted_app import read_counted_app
from streams.history.window_counts import window_counts
from streams.names import METRICS
from streams.objectives.bind import Objectives
from streams.plural import number_of
from streams.settings import Settings

_MOST_APPS: Final = 40
_MOST_ALERTS: Final = 100

_APPS: Final = """
select s.app_key, count(*) as series from series s left join app a using (app_key)
where (%(app)s::text is null or s.app_key = %(app)s) and (%(metric)s::text is null or s.metric = %(metric)s)
  and (%(scope)s::text is null or s.scope = %(scope)s) and s.source in ('PROD', 'HOST')
  and (%(is_platform)s or a.partner_id = any(%(partners)s))
group by s.app_key order by s.app_key
"""
_ALERTS: Final = """
select record from alert
where type = 'BREACH' and (%(app)s::text is null or app_key = %(app)s)
  and (%(metric)s::text is null or metric = %(metric)s) and (%(scope)s::text is null or scope = %(scope)s)
  and (%(is_platform)s or partner_id = any(%(partners)s))
  and time_ms > %(start_ms)s and time_ms - (record->>'measurementDurationSeconds')::bigint * 1000 < %(end_ms)s
order by time_ms desc limit %(most)s
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """`alerts` are the breaches that would stand or fall by it, `budgets` those that become others.

    Of more apps than can be looked at while somebody waits, the first `looked` were.
    """

    counts: bool
    series: int
    events: int
    bad: int
    looked: int
    is_sample: bool
    alerts: list[dict[str, Any]]
    budgets: list[dict[str, Any]]


def preview_of(
    view: View,
    settings: Settings,
    objectives: Objectives,
    rule: ExclusionRule,
    before: Exclusions,
    after: Exclusions,
    *,
    counts: bool,
) -> Preview:
    """What becomes other where `after` holds instead of `before`; they differ for what `rule` is for."""
    meant = {"app": rule.app_key, "metric": rule.metric, "scope": rule.scope}
    apps = view.rows(_APPS, meant)
    levels = [one for one in objectives.service_levels if rule.metric in (None, one.metric)]
    budgets: list[dict[str, Any]] = []
    gone: dict[tuple[str, str, str], Counts] = {}
    for row in apps[:_MOST_APPS]:
        app = read_counted_app(view.connection, settings, row["app_key"])
        was, now = (app_budgets(app, levels, known) for known in (before, after))
        for old, new in zip(was, now, strict=True):
            if old.budget.counts != new.budget.counts:
                budgets.append(_budget(old, new))
                key = old.app_key, old.level.metric, old.scope
                gone[key] = Counts(*(abs(a - b) for a, b in zip(old.budget.counts, new.budget.counts, strict=True)))
    start_ms, end_ms = rule.span
    found = view.rows(_ALERTS, {**meant, "start_ms": start_ms, "end_ms": end_ms, "most": _MOST_ALERTS})
    alerts = [
        told for row in found if (told := _alert(view, objectives.judged, row["record"], before, after)) is not None
    ]
    return Preview(
        counts,
        sum(row["series"] for row in apps),
        sum(one.total for one in gone.values()),
        sum(one.bad for one in gone.values()),
        min(len(apps), _MOST_APPS),
        len(apps) > _MOST_APPS,
        alerts,
        sorted(budgets, key=lambda one: -abs((one["before"] or 0) - (one["after"] or 0))),
    )


def _budget(old: SeriesBudget, new: SeriesBudget) -> dict[str, Any]:
    used = [None if one.budget.consumed is None else float(one.budget.consumed) for one in (old, new)]
    return {
        "title": METRICS[old.level.metric].display_name(old.scope),
        "appKey": old.app_key,
        "before": used[0],
        "after": used[1],
        "state_before": old.state,
        "state_after": new.state,
    }


def _alert(
    view: View, objectives: Iterable[Objective], record: dict[str, Any], before: Exclusions, after: Exclusions
) -> dict[str, Any] | None:
    """The breach, if its window is below its objective by one of the two, and not by the other."""
    was, now = (window_counts(view.connection, record, objectives, known) for known in (before, after))
    if was is None or now is None:
        return None
    is_below = [_is_below(one[0], record["sloValue"]) for one in (was, now)]
    if is_below[0] == is_below[1]:
        return None
    good, bad = now[0]
    left = f"{bad:,} bad of {number_of(good + bad, 'is', 'are')} left" if good + bad else "nothing of it is left"
    return {**record, "words": f"{left}, so it {'would count again' if is_below[1] else 'would not count'}"}


def _is_below(counts: Counts, slo_percent: float) -> bool:
    return 100 * counts.good < Fraction(str(slo_percent)) * counts.total
