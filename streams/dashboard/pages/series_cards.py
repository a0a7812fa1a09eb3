"""What the page of an app tells of each of its SLIs: budgets, rules, a chart with its marks, days."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from streams.budgets.budget import Counts
from streams.dashboard.database import View
from streams.dashboard.pages.series_marks import AppMarks, late_by_day, read_marks
from streams.dashboard.pages.text import anchor, day, duration, metric_title, rate, whole
from streams.evaluation.exclusions import Exclusions
from streams.evaluation.objective import Judge
from streams.history.app_burn import app_burn
from streams.history.budgets import excluded_for
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.counted_app import CountedApp
from streams.history.documents import DAY_MS, BudgetItem
from streams.history.latency import SLOT_MS, percentiles
from streams.history.minutes import chosen
from streams.history.reading import StoredSeries, read_latencies
from streams.history.steps import PERCENTS, excluded_in_steps, histograms
from streams.objectives.bind import Objectives
from streams.plural import number_of

_JUDGES: Final = {Judge.WORKER: "the worker", Judge.HISTORY: "history"}
_SLOT_MINUTES: Final = SLOT_MS // MINUTE_MS


@dataclass(frozen=True, slots=True)
class Shown:
    """The time [from, to) of an app's page, and how it is called."""

    words: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class _Read:
    """What the cards of an app are made of."""

    counted: CountedApp
    objectives: Objectives
    exclusions: Exclusions
    shown: Shown
    marks: AppMarks
    latencies: Mapping[int, Counter[int]]


def series_cards(
    view: View,
    objectives: Objectives,
    counted: CountedApp,
    exclusions: Exclusions,
    budgets: Mapping[tuple[str, str], list[BudgetItem]],
    shown: Shown,
) -> list[dict[str, Any]]:
    """A card for each metric and scope, which has these budgets."""
    told = {key: counted.by_scope(key[0]).get(key[1], []) for key in budgets}
    series = [one for some in told.values() for one in some]
    day_before, to = shown.to_ms // MINUTE_MS - DAY_MINUTES, shown.to_ms // MINUTE_MS
    read = _Read(
        counted,
        objectives,
        exclusions,
        shown,
        read_marks(view, counted.key, series, exclusions, shown.from_ms, shown.to_ms),
        read_latencies(view.connection, [one.id for one in series], day_before, to),
    )
    return [_card(read, key, items, told[key]) for key, items in budgets.items()]


def _card(read: _Read, key: tuple[str, str], items: list[BudgetItem], series: Sequence[StoredSeries]) -> dict[str, Any]:
    metric, scope = key
    query = urlencode({"app": read.counted.key, "metric": metric, "scope": scope})
    target, late = items[0]["target"], read.marks.late(series)
    counted, days = _counted(read, series, late) if series else (Counts(), [])
    return {
        "metric": metric,
        "scope": scope,
        "title": metric_title(metric, scope),
        "anchor": anchor(items[0]),
        "budgets": items,
        "target": target,
        "from_ms": read.shown.from_ms,
        "to_ms": read.shown.to_ms,
        "counts_url": f"/api/v1/counts?{query}",
        "burn_url": f"/api/v1/burn?{query}",
        "json_url": f"/api/v1/counts?{query}&step=3600",
        "csv_url": f"/api/v1/counts.csv?{query}&step=3600",
        "marks": [*read.marks.of(metric, scope, series), *_unseen(items[0], read.shown)],
        "late": late.total(),
        "days": days,
        "latency": _latency(read, series) if series else [],
        "rules": _rules(read, metric, scope),
        "summary": _summary(counted, days, target, read.shown),
    }


def _counted(read: _Read, series: Sequence[StoredSeries], late: Counter[int]) -> tuple[Counts, list[dict[str, Any]]]:
    """What counts of the time that is shown; and its whole days (UTC), with the begun ones."""
    first, end = read.shown.from_ms // DAY_MS, -(-read.shown.to_ms // DAY_MS)
    told = read.counted.minutes(series, first * DAY_MINUTES, end * DAY_MINUTES)
    spans = excluded_for(read.exclusions, series[0].key)
    all_left = [one.without(spans) for one in told]
    left = chosen(all_left)
    # As the chart has it: whose word counts is asked of the time that is shown, of days by each quarter of an hour.
    shown = chosen([one.between(read.shown.from_ms // MINUTE_MS, read.shown.to_ms // MINUTE_MS) for one in all_left])
    late_days = late_by_day(late)
    days = zip(range(first, end), *left.in_steps(DAY_MINUTES), excluded_in_steps(told, spans, DAY_MINUTES), strict=True)
    return shown.counts, [
        {"start_ms": number * DAY_MS, "good": good, "bad": bad, "excluded": excluded, "late": late_days[number]}
        for number, good, bad, excluded in days
    ]


def _rules(read: _Read, metric: str, scope: str) -> list[dict[str, Any]]:
    """What each rule of a series sees now."""
    level = next(one for one in read.objectives.service_levels if one.metric == metric)
    now_ms = read.counted.completed.get(metric, 0) * MINUTE_MS
    minute = {"from_ms": now_ms - MINUTE_MS, "to_ms": now_ms, "step_s": 60}
    found = app_burn(read.counted, scope, level, read.objectives.all, read.exclusions, **minute)
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


def _latency(read: _Read, series: Sequence[StoredSeries]) -> list[tuple[str, float]]:
    """Percentiles of the last 24 hours, by their names."""
    end = read.shown.to_ms // SLOT_MS * _SLOT_MINUTES
    spans = excluded_for(read.exclusions, series[0].key)
    left = [one.without(spans) for one in read.counted.minutes(series, end - DAY_MINUTES, end)]
    (histogram,) = histograms(left, [read.latencies[one.id] for one in series], DAY_MINUTES)
    found = zip(PERCENTS, percentiles(histogram, PERCENTS), strict=True)
    return [(f"p{percent}", ms) for percent, ms in found if ms is not None]


def _summary(counted: Counts, days: list[dict[str, Any]], target: str, shown: Shown) -> str:
    """What the chart shows, in a sentence."""
    if not counted.total:
        return f"No events in the last {shown.words}."
    events = number_of(counted.total, "event was", "events were")
    words = f"{rate(*counted, target)} of {events} good in the last {shown.words}"
    if not counted.bad:
        return f"{words}; none was bad."
    if shown.to_ms - shown.from_ms <= DAY_MS:
        return f"{words}; {number_of(counted.bad, 'was', 'were')} bad."
    worst = min((one for one in days if one["bad"]), key=lambda one: one["good"] / (one["good"] + one["bad"]))
    reached = f"{rate(worst['good'], worst['bad'], target)} of {whole(worst['good'] + worst['bad'])}"
    return f"{words}; the worst day was {day(worst['start_ms'])}: {reached}."


def _unseen(item: BudgetItem, shown: Shown) -> list[dict[str, Any]]:
    """The time before the series' first event: numbers are of what was seen."""
    first_ms = shown.to_ms - item["coveredMinutes"] * MINUTE_MS
    if item["coveredMinutes"] >= item["periodDays"] * 1_440 or first_ms <= shown.from_ms:
        return []
    label = f"Before its first event; its numbers are of {duration(shown.to_ms - first_ms)}"
    return [{"kind": "unseen", "from": shown.from_ms, "to": first_ms, "label": label, "url": None}]
