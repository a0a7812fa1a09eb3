"""The first page: every budget that the viewer sees, the worst first."""

import time
from collections.abc import Mapping
from math import inf
from threading import Lock
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from streams.budgets.state import BudgetState
from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.pages.choices import METRIC_CHOICES
from streams.dashboard.pages.render import render
from streams.dashboard.pages.text import app_url
from streams.dashboard.queries.apps import as_of_ms
from streams.dashboard.queries.budgets import BudgetQuestion, Sort, budgets

_SORTS: Final = {
    Sort.CONSUMED: "most of the budget used",
    Sort.BURN: "fastest burn in the last hour",
    Sort.REMAINING: "fewest events left",
    Sort.APP: "app",
}
_STATES: Final = {
    BudgetState.EXHAUSTED: ("bad", "exhausted: the target is missed"),
    BudgetState.AT_RISK: ("risk", "at risk: 75 % used, or gone within 3 days"),
    BudgetState.MET: ("good", "met"),
    BudgetState.NO_DATA: ("none", "without data"),
}
# Not grouped: to compare with three words is quicker than to sort each row into its group.
_COUNTS: Final = f"""
select {", ".join(f"count(*) filter (where state = '{state}') as {state}" for state in BudgetState)},
  count(*) filter (where breached) as breached
from budget where (%(is_platform)s or app_key in (select app_key from app where partner_id = any(%(partners)s)))
"""  # noqa: S608 - no values
COUNTED_S: Final = 2.0
"""For so long the counts of the whole fleet are good: to count it is to read every row."""
_FOUND: Final = """
select app_key, name from app
where (%(is_platform)s or partner_id = any(%(partners)s))
  and (position(lower(%(words)s) in lower(app_key)) > 0 or position(lower(%(words)s) in lower(name)) > 0)
order by name, app_key limit 51
"""
_NAMES: Final = """
select app_key, name from app where app_key = any(%(apps)s) and (%(is_platform)s or partner_id = any(%(partners)s))
"""


def add_fleet(app: FastAPI) -> None:
    """The page, and the search on it."""
    counted = _Counted()

    @app.get("/", include_in_schema=False)
    def fleet(
        request: Request,
        view: Seen,
        app: str = "",
        metric: str = "",
        partner: str = "",
        state: str = "",
        sort: str = "",
        cursor: str = "",
    ) -> Response:
        dashboard = dashboard_of(request)
        settings = dashboard.settings
        found = _apps_with(view, app) if app else None
        if found is not None and len(found) == 1:
            return RedirectResponse(app_url(found[0]["app_key"]), 303)
        asked = {"metric": metric, "partner": partner, "state": state, "sort": sort}
        question = BudgetQuestion(
            metric=metric or None,
            partner=partner or None,
            state=BudgetState(state) if state in set(BudgetState) else None,
            sort=Sort(sort) if sort in set(Sort) else Sort.CONSUMED,
            cursor=cursor or None,
        )
        shown = budgets(view, settings, dashboard.objectives.service_levels, question)
        names = _names(view, [item["appKey"] for item in shown.items])
        kept = {name: value for name, value in asked.items() if value}
        return render(
            request,
            view.viewer,
            "fleet.html",
            page="fleet",
            as_of_ms=as_of_ms(view, settings),
            tiles=_tiles(counted.by(view), state),
            found=found,
            items=[{**item, "name": names.get(item["appKey"])} for item in shown.items],
            asked=asked | {"app": app, "sort": question.sort},
            metrics=METRIC_CHOICES,
            states=[(one.value, words.partition(":")[0]) for one, (_kind, words) in _STATES.items()],
            sorts=list(_SORTS.items()),
            order_words=f"by {_SORTS[question.sort]}",
            next_url=None if shown.next is None else f"/?{urlencode(kept | {'cursor': shown.next})}",
            api_query=urlencode(kept),
        )


class _Counted:
    """How many budgets there are of each state, and how many are breached."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._all: dict[str, int] = {}
        self._until_s = -inf

    def by(self, view: View) -> dict[str, int]:
        """Of those that a viewer sees; of who sees all, somebody may have counted them just before."""
        if not view.viewer.is_platform:
            return view.row(_COUNTS)
        with self._lock:  # who comes meanwhile waits for the one who counts
            if time.monotonic() >= self._until_s:
                self._all, self._until_s = view.row(_COUNTS), time.monotonic() + COUNTED_S
            return self._all


def _tiles(counts: Mapping[str, int], chosen: str) -> list[dict[str, Any]]:
    tiles = [
        {
            "url": "/alerts?open=true",
            "count": counts["breached"],
            "words": "breached now",
            "kind": "bad",
            "is_chosen": False,
        },
        *(
            {
                "url": f"/?state={state.value}",
                "count": counts[state.lower()],
                "words": words,
                "kind": kind,
                "is_chosen": state == chosen,
            }
            for state, (kind, words) in _STATES.items()
        ),
    ]
    return [tile if tile["count"] else tile | {"kind": ""} for tile in tiles]  # nothing breached is no alarm


def _apps_with(view: View, words: str) -> list[dict[str, Any]]:
    """Apps with these words in their key or name, at most fifty and one."""
    return view.rows(_FOUND, {"words": words.replace("\0", "")})


def _names(view: View, app_keys: list[str]) -> dict[str, str]:
    return {row["app_key"]: row["name"] for row in view.rows(_NAMES, {"apps": app_keys})}
