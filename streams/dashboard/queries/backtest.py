"""Back-tests: what the objectives of today and others would have fired over the last weeks, side by side."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from schemas.event_time import utc_text, utc_text_if_any
from streams.dashboard.database import MINE, View
from streams.evaluation.objective import Objective
from streams.history.backtest import Firing, backtest
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.completed import completed_minutes
from streams.history.reading import read_exclusions, read_minutes, read_series
from streams.history.sources import by_scope
from streams.objectives.bind import Objectives
from streams.settings import Settings
from streams.windows.hopping import NEVER

MOST_DAYS: Final = 35
MOST_RULES: Final = 100
"""To be tried: each takes its time and its memory of every series."""
MOST_LISTED: Final = 1_000
"""Firings and series that a result lists; it counts all."""
_FLAP_MS: Final = 5 * MINUTE_MS


class UnfitRulesError(Exception):
    """Rules cannot be tried: they are too many, or one is judged more often than counts are kept; says which."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is compared, by metric: only metrics that the tried rules speak of."""

    now: Mapping[str, Sequence[Objective]]
    tried: Mapping[str, Sequence[Objective]]

    @classmethod
    def of(cls, now: Objectives, tried: Objectives) -> "Rules":
        """Two sets of objectives.

        Raises:
            UnfitRulesError: they are too many, or a hop is no multiple of a minute.
        """
        if len(tried.all) > MOST_RULES:
            raise UnfitRulesError(f"these are {len(tried.all):,} rules: at most {MOST_RULES} are tried at once")
        for objective in tried.all:
            if objective.hop_ms % MINUTE_MS:
                hop_s = objective.hop_ms / 1_000
                raise UnfitRulesError(f"{objective.name}: its hop of {hop_s:g} s is no multiple of a minute")
        metrics = {objective.metric for objective in tried.all}
        whole = [objective for objective in now.all if objective.metric in metrics and not objective.hop_ms % MINUTE_MS]
        return cls(_by_metric(whole), _by_metric(tried.all))

    def longest_minutes(self, metric: str) -> int:
        """Of all windows of a metric."""
        both = (*self.now.get(metric, ()), *self.tried[metric])
        return max(objective.window_ms for objective in both) // MINUTE_MS


def _by_metric(objectives: Iterable[Objective]) -> dict[str, list[Objective]]:
    found: dict[str, list[Objective]] = {}
    for objective in objectives:
        found.setdefault(objective.metric, []).append(objective)
    return found


@dataclass(slots=True)
class Outcome:
    """What came of a back-test so far."""

    days: int
    as_of_ms: int | None = None
    apps: int = 0
    series: int = 0
    now: list[Firing] = field(default_factory=list)
    tried: list[Firing] = field(default_factory=list)

    def document(self, apps: int | None) -> dict[str, Any]:
        """As the API gives it; `apps` is how many were asked for, None: that is not known yet."""
        return {
            "asOf": utc_text_if_any(self.as_of_ms),
            "days": self.days,
            "apps": apps,
            "appsJudged": self.apps,
            "seriesJudged": self.series,
            "complete": self.apps == apps,
            "now": _side(self.now, self.tried),
            "tried": _side(self.tried, self.now),
            "difference": self.difference()[:MOST_LISTED],
        }

    def difference(self) -> list[dict[str, Any]]:
        """Series of which the two differ, those that differ most first."""
        differing = [one for one in _by_series(self.now, self.tried) if one["now"] != one["tried"]]
        differing.sort(key=lambda one: (-abs(one["now"] - one["tried"]), one["appKey"], one["metricId"], one["scope"]))
        return differing

    def firings(self) -> list[dict[str, Any]]:
        """All of both, those of the rules in use first."""
        return [
            {"rules": name, **_item(one, is_alone=id(one) in alone)}
            for name, ours, others in (("now", self.now, self.tried), ("tried", self.tried, self.now))
            for alone in [_alone(ours, others)]
            for one in ours
        ]


def apps_to_judge(view: View, limit: int | None) -> list[str]:
    """All apps that this viewer sees and something is counted of, in an order that has nothing to do with them."""
    query = f"""
select app_key from (select distinct app_key from series) s
where %(is_platform)s or app_key in (select app_key from app where {MINE})
order by md5(app_key) limit %(limit)s
"""
    return [row["app_key"] for row in view.rows(query, {"limit": limit})]


def judge_apps(
    view: View, settings: Settings, rules: Rules, apps: Iterable[str], outcome: Outcome, until_s: float = float("inf")
) -> None:
    """Judge apps one after the other, until that moment of the monotonic clock."""
    for app_key in apps:
        if time.monotonic() > until_s:
            return
        _judge_app(view, settings, rules, app_key, outcome)
        outcome.apps += 1


def _judge_app(view: View, settings: Settings, rules: Rules, app_key: str, outcome: Outcome) -> None:
    completed = completed_minutes(view.connection, settings, app_key)
    stored = read_series(view.connection, app_key)
    exclusions = read_exclusions(view.connection, app_key)
    for metric, tried in rules.tried.items():
        end = completed.get(metric)
        if end is None:
            continue
        end_ms = end * MINUTE_MS
        outcome.as_of_ms = end_ms if outcome.as_of_ms is None else min(outcome.as_of_ms, end_ms)
        start = end - outcome.days * DAY_MINUTES
        known = exclusions.known_at(NEVER - 1, metric)
        for scope, some in by_scope(stored, metric).items():
            ids = [one.id for one in some]
            minutes = read_minutes(view.connection, ids, start - rules.longest_minutes(metric), end)
            told = [minutes[number] for number in ids]
            for objectives, firings in ((rules.now.get(metric, ()), outcome.now), (tried, outcome.tried)):
                firings += backtest((app_key, scope), objectives, told, known, start * MINUTE_MS, end_ms)
            outcome.series += 1


def _side(ours: Sequence[Firing], others: Sequence[Firing]) -> dict[str, Any]:
    """One of the two; `alone` are its firings during which the other one fired nothing for the series."""
    lasted_ms = [one.recovered_ms - one.breached_ms for one in ours if one.recovered_ms is not None]
    alone = _alone(ours, others)
    return {
        "firings": len(ours),
        "series": len({one.series for one in ours}),
        "alone": len(alone),
        "flaps": sum(one <= _FLAP_MS for one in lasted_ms),
        "medianSeconds": None if not lasted_ms else int(median(lasted_ms)) // 1_000,
        "items": [_item(one, is_alone=id(one) in alone) for one in ours[:MOST_LISTED]],
    }


def _alone(ours: Iterable[Firing], others: Iterable[Firing]) -> set[int]:
    """Ids of the firings during which the other one fired nothing for the series."""
    by_series: dict[tuple[str, str, str], list[Firing]] = {}
    for other in others:
        by_series.setdefault(other.series, []).append(other)
    return {id(one) for one in ours if not any(map(one.overlaps, by_series.get(one.series, ())))}


def _item(one: Firing, *, is_alone: bool) -> dict[str, Any]:
    return {
        "appKey": one.app_key,
        "metricId": one.metric,
        "scope": one.scope,
        "objective": one.objective,
        "breachedAt": utc_text(one.breached_ms),
        "recoveredAt": utc_text_if_any(one.recovered_ms),
        "reason": one.reason,
        "alone": is_alone,
    }


def _by_series(now: Iterable[Firing], tried: Iterable[Firing]) -> list[dict[str, Any]]:
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for side, firings in (("now", now), ("tried", tried)):
        for one in firings:
            names = dict(zip(("appKey", "metricId", "scope"), one.series, strict=True))
            found.setdefault(one.series, {**names, "now": 0, "tried": 0})[side] += 1
    return list(found.values())
