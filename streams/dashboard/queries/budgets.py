"""Budgets: of one app as they are this minute, of the fleet as history keeps them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from schemas.event_time import utc_text_if_any
from streams.budgets.state import BudgetState
from streams.dashboard.database import MINE, View
from streams.dashboard.queries.apps import as_of_ms, the_app
from streams.dashboard.queries.page import USUAL, page_of, read_cursor
from streams.history.app_budgets import app_budgets
from streams.history.counted_app import CountedApp, read_counted_app
from streams.history.documents import DAY_MS, BudgetItem, budget_item, place_of, worst_first
from streams.history.reading import read_breached, read_exclusions
from streams.objectives.service_level import ServiceLevel
from streams.settings import Settings
from streams.web.problem import Problem, ProblemError

_MOST_SERIES: Final = 100
"""Of an app with more the stored budgets are shown: to make them anew would take over a second."""
_NO_EVENTS: Final = 2**63 - 1


class Sort(StrEnum):
    """What comes first: the budget of which most is used, that which goes fastest, least is left of, or the app."""

    CONSUMED = "consumed"
    BURN = "burn"
    REMAINING = "remaining"
    APP = "app"


@dataclass(frozen=True, slots=True)
class BudgetQuestion:
    """Which budgets, in which order; None: all."""

    app: str | None = None
    metric: str | None = None
    partner: str | None = None
    state: BudgetState | None = None
    sort: Sort = Sort.CONSUMED
    cursor: str | None = None
    limit: int = USUAL


@dataclass(frozen=True, slots=True)
class Budgets:
    """A page of budgets; `as_of_ms` is the least of what is shown, None where nothing is counted yet."""

    as_of_ms: int | None
    items: list[BudgetItem]
    next: str | None

    def document(self) -> dict[str, Any]:
        """As the API gives it."""
        as_of = utc_text_if_any(self.as_of_ms)
        return {"asOf": as_of, "items": self.items, "next": self.next}


def budgets(
    view: View,
    settings: Settings,
    levels: Sequence[ServiceLevel],
    question: BudgetQuestion,
    counted: CountedApp | None = None,
) -> Budgets:
    """The budgets that are asked for; of one app by what is `counted` of it, if the caller has read that.

    Raises:
        ProblemError: NOT_FOUND: an app or a partner that this viewer does not see. BAD_REQUEST: the cursor.
    """
    partner = question.partner
    if partner is not None and view.viewer.partners is not None and partner not in view.viewer.partners:
        raise ProblemError(Problem.NOT_FOUND)
    if question.app is not None:
        app = the_app(view, question.app)
        counted = counted or read_counted_app(view.connection, settings, app.key)
        if len(counted.series) <= _MOST_SERIES:
            return _of_app(view, settings, levels, question, app.partner_id, counted)
    rows = view.rows(_query(question, is_platform=view.viewer.is_platform), _values(question))
    page = page_of(rows, question.limit, question.sort, lambda row: _key_of_row(question.sort, row), _item)
    least = min((row["as_of_ms"] for row in rows[: question.limit]), default=None)
    return Budgets(as_of_ms(view, settings) if least is None else least, page.items, page.next)


def _of_app(
    view: View,
    settings: Settings,
    levels: Sequence[ServiceLevel],
    question: BudgetQuestion,
    partner_id: str | None,
    counted: CountedApp,
) -> Budgets:
    """Made anew from the counts, and what is excluded by now."""
    found = []
    if question.partner in (None, partner_id):
        wanted = [level for level in levels if question.metric in (None, level.metric)]
        found = app_budgets(counted, wanted, read_exclusions(view.connection, counted.key))
    breached = read_breached(view.connection, counted.key)
    items = [budget_item(one, is_breached=(one.level.metric, one.scope) in breached) for one in found]
    shown = [item for item in items if question.state in (None, item["state"])]
    key = _KEYS[question.sort]
    shown.sort(key=lambda item: _key_of(key, item))
    if question.cursor is not None:
        start = tuple(_start(question.sort, question.cursor))
        shown = [item for item in shown if _key_of(key, item) > start]
    page = page_of(shown[: question.limit + 1], question.limit, question.sort, lambda item: _key_of(key, item), dict)
    least = min((one.as_of_ms for one in found), default=None)
    return Budgets(as_of_ms(view, settings) if least is None else least, page.items, page.next)


_COLUMNS: Final = """
app_key, metric, scope, slo, target, period_ms, good, bad, covered_minutes, state, consumed, remaining_events,
burn_1h, burn_6h, burn_1d, burn_3d, exhausted_at_ms, as_of_ms, breached
"""
_PLACE: Final = ("app_key", "metric", "scope", "slo")
# The same order twice: as the database has it, by an index, and as it is made of an item.
_EXPRESSIONS: Final = {
    Sort.CONSUMED: "worst_first(state, consumed)",
    Sort.BURN: "fastest_first(burn_1h)",
    Sort.REMAINING: f"coalesce(remaining_events, {_NO_EVENTS})",
}
_KEYS: Final[dict[Sort, Callable[[BudgetItem], float] | None]] = {
    Sort.CONSUMED: worst_first,
    Sort.BURN: lambda item: _fastest_first(item["burn"]["1h"]),
    Sort.REMAINING: lambda item: _NO_EVENTS if item["remainingEvents"] is None else item["remainingEvents"],
    Sort.APP: None,
}


def _query(question: BudgetQuestion, *, is_platform: bool) -> str:
    """The query of a page, with as many conditions as are asked for: each of them can go by an index."""
    key = _EXPRESSIONS.get(question.sort)
    place = [*([] if key is None else [key]), *_PLACE]
    names = ["app_key", "metric", "state"]
    asked = [f"{name} = %({name})s" for name in names if _values(question)[name] is not None]
    if question.cursor is not None:
        asked.append(f"({', '.join(place)}) > ({', '.join(f'%(at_{at})s' for at in range(len(place)))})")
    rest = f"order by {', '.join(place)} limit %(most)s"
    if is_platform and question.partner is None:
        where = " and ".join(["%(is_platform)s", *asked])
        return f"select {_COLUMNS}, {key or 'null'} as key from budget where {where} {rest}"
    # The budgets of few apps are found by these, and then put in order: never by looking for them in the whole order.
    of_partner = "" if question.partner is None else "and partner_id = %(partner)s"
    return f"""
with mine as materialized (
  select {_COLUMNS} from budget where app_key = any(array(select app_key from app where {MINE} {of_partner}))
)
select {_COLUMNS}, {key or "null"} as key from mine where {" and ".join(asked or ["true"])} {rest}
"""


def _values(question: BudgetQuestion) -> dict[str, Any]:
    start = [] if question.cursor is None else _start(question.sort, question.cursor)
    return {
        "app_key": question.app,
        "metric": question.metric,
        "state": question.state,
        "partner": question.partner,
        "most": question.limit + 1,
        **{f"at_{at}": part for at, part in enumerate(start)},
    }


def _start(sort: Sort, cursor: str) -> list[Any]:
    first: list[Callable[[str], Any]] = [] if sort is Sort.APP else [int if sort is Sort.REMAINING else float]
    return read_cursor(cursor, sort, [*first, str, str, str, str])


def _key_of_row(sort: Sort, row: dict[str, Any]) -> list[Any]:
    return [*([] if sort is Sort.APP else [row["key"]]), *(row[name] for name in _PLACE)]


def _key_of(key: Callable[[BudgetItem], float] | None, item: BudgetItem) -> tuple[Any, ...]:
    return place_of(item) if key is None else (key(item), *place_of(item))


def _fastest_first(burn: float | None) -> float:
    return float("inf") if burn is None else -burn


def _item(row: dict[str, Any]) -> BudgetItem:
    return {
        "appKey": row["app_key"],
        "metricId": row["metric"],
        "scope": row["scope"],
        "slo": row["slo"],
        "target": row["target"],
        "periodDays": row["period_ms"] // DAY_MS,
        "goodCount": row["good"],
        "badCount": row["bad"],
        "coveredMinutes": row["covered_minutes"],
        "state": row["state"],
        "consumed": row["consumed"],
        "remainingEvents": row["remaining_events"],
        "burn": {name: row[f"burn_{name}"] for name in ("1h", "6h", "1d", "3d")},
        "exhaustedAt": utc_text_if_any(row["exhausted_at_ms"]),
        "breached": row["breached"],
    }
