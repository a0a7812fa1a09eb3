"""The page of an app: each of its SLIs with budget, chart and days, and what happened to it."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.pages.alerts import alerts_seen, open_alerts
from streams.dashboard.pages.exclusions import shown
from streams.dashboard.pages.render import render
from streams.dashboard.pages.series_marks import late_by_day, late_events, late_marks, series_marks
from streams.dashboard.pages.standing import stage_of
from streams.dashboard.pages.text import anchor, day, duration, metric_title, rate, whole
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.budgets import BudgetQuestion, Sort, budgets
from streams.dashboard.queries.counts import CountsQuestion, counts
from streams.evaluation.exclusions import Exclusions
from streams.evaluation.objective import Judge
from streams.history.app_burn import app_burn
from streams.history.budgets import excluded_for
from streams.history.codec import DAY_MINUTES
from streams.history.minutes import chosen
from streams.history.reading import StoredSeries, read_exclusions, read_minutes, read_series
from streams.history.sources import by_scope
from streams.history.steps import PERCENTS
from streams.objectives.bind import Objectives
from streams.registry.exclusions import known_of
from streams.settings import Settings
from streams.web.problem import ProblemError

_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000
_DAY_S: Final = 86_400
_MOST_SERIES: Final = 20  # of an app with more base URLs, the rest is a page further
_BREACHES: Final = 10
_JUDGES: Final = {Judge.WORKER: "the worker", Judge.HISTORY: "history"}


@dataclass(frozen=True, slots=True)
class _Range:
    name: str
    words: str
    span_ms: int


_RANGES: Final = (
    _Range("28d", "28 days", 28 * _DAY_MS),
    _Range("7d", "7 days", 7 * _DAY_MS),
    _Range("1d", "1 day", _DAY_MS),
    _Range("3h", "3 hours", 3 * 3_600_000),
)


def add_app_page(app: FastAPI) -> None:
    """One page for each app."""

    @app.get("/apps/{app_key:path}", include_in_schema=False)
    def app_page(request: Request, view: Seen, app_key: str, range: str = "28d", start: int = 0) -> Response:  # noqa: A002
        dashboard = dashboard_of(request)
        settings = dashboard.settings
        of = the_app(view, app_key)
        objectives = dashboard.objectives
        levels = objectives.service_levels
        found = budgets(view, settings, levels, BudgetQuestion(app=of.key, sort=Sort.APP, limit=1_000))
        chosen = next((one for one in _RANGES if one.name == range), _RANGES[0])
        series: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for item in found.items:
            series.setdefault((item["metricId"], item["scope"]), []).append(item)
        some = list(series.items())[max(0, start) : max(0, start) + _MOST_SERIES]
        until_ms = found.as_of_ms or time.time_ns() // 1_000_000
        exclusions = read_exclusions(view.connection, of.key)
        stored = read_series(view.connection, of.key)
        alerts, _more = alerts_seen(view, app=of.key, most=_BREACHES)
        more = start + _MOST_SERIES < len(series)
        return render(
            request,
            view.viewer,
            "app.html",
            page="fleet",
            app=of,
            stage=stage_of(view, of.key),
            open_alerts=open_alerts(view, of.key),
            as_of_ms=found.as_of_ms,
            ranges=[{"name": one.name, "words": one.words, "is_chosen": one is chosen} for one in _RANGES],
            series=[
                _series(view, settings, of.key, key, items, stored, chosen, until_ms, exclusions)
                | {"rules": _rules(view, settings, objectives, of.key, key, exclusions)}
                for key, items in some
            ],
            next_url=f"?{urlencode({'range': chosen.name, 'start': start + _MOST_SERIES})}" if more else None,
            alerts=alerts,
            show_app=False,
            exclusions=_exclusions(view, exclusions),
        )


def _series(
    view: View,
    settings: Settings,
    app_key: str,
    key: tuple[str, str],
    items: list[dict[str, Any]],
    stored: list[StoredSeries],
    chosen: _Range,
    until_ms: int,
    exclusions: Exclusions,
) -> dict[str, Any]:
    metric, scope = key
    to_ms = until_ms // _MINUTE_MS * _MINUTE_MS
    from_ms = to_ms - chosen.span_ms
    name = {"app": app_key, "metric": metric, "scope": scope}
    query = urlencode(name)
    target = items[0]["target"]
    told = by_scope(stored, metric).get(scope, [])
    late = late_events(view, told, from_ms, to_ms)
    days = _days(view, told, exclusions, from_ms, to_ms, late)
    title = metric_title(metric, scope)
    return {
        "metric": metric,
        "scope": scope,
        "title": title,
        "anchor": anchor(items[0]),
        "budgets": items,
        "target": target,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "counts_url": f"/api/v1/counts?{query}",
        "burn_url": f"/api/v1/burn?{query}",
        "json_url": f"/api/v1/counts?{query}&step=3600",
        "csv_url": f"/api/v1/counts.csv?{query}&step=3600",
        "marks": [
            *series_marks(view, exclusions, **name, from_ms=from_ms, to_ms=to_ms),
            *_unseen(items[0], from_ms, to_ms),
            *late_marks(late),
        ],
        "late": late.total(),
        "days": days,
        "latency": _latency(view, settings, name, to_ms),
        "summary": _summary(days, target, chosen),
    }


def _days(
    view: View,
    series: list[StoredSeries],
    exclusions: Exclusions,
    from_ms: int,
    to_ms: int,
    late: Counter[int],
) -> list[dict[str, Any]]:
    """Whole days (UTC) of the time that is shown, and the begun ones."""
    start, end = from_ms // _DAY_MS * DAY_MINUTES, -(-to_ms // _DAY_MS) * DAY_MINUTES
    if not series:
        return []
    minutes = read_minutes(view.connection, [one.id for one in series], start, end)
    told = [minutes[one.id] for one in series]
    spans = list(excluded_for(exclusions, series[0].key))
    counted, everything = chosen([one.without(spans) for one in told]), chosen(told)
    left_out = (
        sum(whole) - sum(kept)
        for whole, kept in zip(
            zip(*everything.in_steps(DAY_MINUTES), strict=True),
            zip(*everything.without(spans).in_steps(DAY_MINUTES), strict=True),
            strict=True,
        )
    )
    late_days = late_by_day(late)
    days = zip(*counted.in_steps(DAY_MINUTES), left_out, strict=True)
    return [
        {
            "start_ms": start * _MINUTE_MS + at * _DAY_MS,
            "good": good,
            "bad": bad,
            "excluded": excluded,
            "late": late_days[start // DAY_MINUTES + at],
        }
        for at, (good, bad, excluded) in enumerate(days)
    ]


def _rules(
    view: View, settings: Settings, objectives: Objectives, app_key: str, key: tuple[str, str], exclusions: Exclusions
) -> list[dict[str, Any]]:
    """What each rule of a series sees now."""
    metric, scope = key
    level = next(one for one in objectives.service_levels if one.metric == metric)
    found = app_burn(
        view.connection,
        settings,
        app_key,
        scope,
        level,
        objectives.all,
        exclusions,
        from_ms=None,
        to_ms=None,
        step_s=60,
    )
    return [
        {
            "name": one.rule.name,
            "severity": one.rule.severity,
            "judge": _JUDGES[one.rule.judge],
            "threshold": float(one.threshold),
            "is_below": one.is_below,
            "windows": [
                {"length_ms": length_ms, "burn": rates[-1]}
                for length_ms, rates in ((one.rule.window_ms, one.long), (one.rule.short_ms, one.short))
                if length_ms is not None and rates is not None
            ],
        }
        for one in (found.rules if found else ())
    ]


def _latency(view: View, settings: Settings, name: dict[str, str], to_ms: int) -> list[tuple[str, float]]:
    """Percentiles of the last day, by their names."""
    question = CountsQuestion(**name, from_ms=to_ms - _DAY_MS + 1, to_ms=to_ms, step_s=_DAY_S)
    try:
        found = counts(view, settings, question).steps.percentiles
    except ProblemError:
        return []  # nothing is complete yet
    return [(f"p{percent}", told) for percent in PERCENTS if (told := found[percent][-1]) is not None]


def _summary(days: list[dict[str, Any]], target: str, chosen: _Range) -> str:
    """What the chart shows, in a sentence."""
    good, bad = sum(one["good"] for one in days), sum(one["bad"] for one in days)
    if not good + bad:
        return f"No events in the last {chosen.words}."
    words = f"{rate(good, bad, target)} of {whole(good + bad)} events were good on the days of the last {chosen.words}"
    judged = [one for one in days if one["bad"]]
    if not judged:
        return f"{words}; none was bad."
    worst = min(judged, key=lambda one: one["good"] / (one["good"] + one["bad"]))
    return f"{words}; the worst day was {day(worst['start_ms'])}: {rate(worst['good'], worst['bad'], target)}."


def _unseen(item: dict[str, Any], from_ms: int, to_ms: int) -> list[dict[str, Any]]:
    """The time before the series' first event: numbers are of what was seen."""
    first_ms = to_ms - item["coveredMinutes"] * _MINUTE_MS
    if item["coveredMinutes"] >= item["periodDays"] * 1_440 or first_ms <= from_ms:
        return []
    label = f"Before its first event; its numbers are of {duration(to_ms - first_ms)}"
    return [{"kind": "unseen", "from": from_ms, "to": first_ms, "label": label, "url": None}]


def _exclusions(view: View, exclusions: Exclusions) -> list[dict[str, Any]]:
    known = known_of(exclusions).values()
    return [shown(one, view.viewer) for one in sorted(known, key=lambda one: -one.exclusion.start)[:_BREACHES]]
