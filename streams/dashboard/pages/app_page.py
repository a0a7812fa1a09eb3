"""The page of an app: each of its SLIs, and what happened to it."""

import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.pages.alerts import alerts_seen, open_alerts
from streams.dashboard.pages.exclusions import shown
from streams.dashboard.pages.render import render
from streams.dashboard.pages.series_cards import Shown, series_cards
from streams.dashboard.pages.standing import stage_of
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.budgets import BudgetQuestion, Sort, budgets
from streams.dashboard.viewer import Viewer
from streams.evaluation.exclusions import Exclusions
from streams.history.codec import MINUTE_MS
from streams.history.counted_app import read_counted_app
from streams.history.documents import DAY_MS, BudgetItem
from streams.history.reading import read_exclusions
from streams.registry.exclusions import known_of

_MOST_SERIES: Final = 20  # of an app with more base URLs, the rest is a page further
_BREACHES: Final = 10


@dataclass(frozen=True, slots=True)
class _Range:
    name: str
    words: str
    span_ms: int


_RANGES: Final = (
    _Range("28d", "28 days", 28 * DAY_MS),
    _Range("7d", "7 days", 7 * DAY_MS),
    _Range("1d", "1 day", DAY_MS),
    _Range("3h", "3 hours", 3 * 3_600_000),
)


def add_app_page(app: FastAPI) -> None:
    """One page for each app."""

    @app.get("/apps/{app_key:path}", include_in_schema=False)
    def app_page(request: Request, view: Seen, app_key: str, range: str = "28d", start: int = 0) -> Response:  # noqa: A002
        dashboard = dashboard_of(request)
        objectives = dashboard.objectives
        of = the_app(view, app_key)
        counted = read_counted_app(view.connection, dashboard.settings, of.key)
        question = BudgetQuestion(app=of.key, sort=Sort.APP, limit=1_000)
        found = budgets(view, dashboard.settings, objectives.service_levels, question, counted)
        by_series: dict[tuple[str, str], list[BudgetItem]] = {}
        for item in found.items:
            by_series.setdefault((item["metricId"], item["scope"]), []).append(item)
        some = dict(list(by_series.items())[max(0, start) : max(0, start) + _MOST_SERIES])
        more = start + _MOST_SERIES < len(by_series)
        chosen = next((one for one in _RANGES if one.name == range), _RANGES[0])
        to_ms = (found.as_of_ms or time.time_ns() // 1_000_000) // MINUTE_MS * MINUTE_MS
        exclusions = read_exclusions(view.connection, of.key)
        alerts, _more = alerts_seen(view, app=of.key, most=_BREACHES)
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
            series=series_cards(
                view, objectives, counted, exclusions, some, Shown(chosen.words, to_ms - chosen.span_ms, to_ms)
            ),
            next_url=f"?{urlencode({'range': chosen.name, 'start': start + _MOST_SERIES})}" if more else None,
            alerts=alerts,
            show_app=False,
            exclusions=_exclusions(exclusions, view.viewer),
        )


def _exclusions(exclusions: Exclusions, viewer: Viewer) -> list[dict[str, Any]]:
    known = known_of(exclusions).values()
    return [shown(one, viewer) for one in sorted(known, key=lambda one: -one.exclusion.start)[:_BREACHES]]
