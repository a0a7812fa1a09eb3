"""Incidents: to the platform the whole record, to a partner what of it is public."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from streams.dashboard.database import View
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.page import USUAL, ListQuestion, NewestFirst, Page, page_of, read_cursor
from streams.incidents.measures import By, Question, read_means, row_document
from streams.reports.month import Month
from streams.web.problem import Problem, ProblemError

_MONTHS: Final = 12
_MINE: Final = """
(%(is_platform)s or (record->>'visibility' = 'ALL_PARTNERS' and %(partners)s::text[] <> '{}') or id in (
  select incident from incident_app join app using (app_key) where partner_id = any(%(partners)s)))
"""
_NEWEST_FIRST: Final = NewestFirst(
    {"start_ms": int, "id": str},
    {
        "app": "id in (select incident from incident_app where app_key = %(app)s)",
        "state": "record->>'state' = %(state)s",
        "severity": "record->>'severity' = %(severity)s",
        "is_open": "(ended_ms is null) = %(is_open)s",
    },
)


@dataclass(frozen=True, slots=True)
class IncidentQuestion(ListQuestion):
    """Which incidents, newest first; None: all. `is_open`: those that have not ended, or that have."""

    app: str | None = None
    state: str | None = None
    severity: str | None = None
    is_open: bool | None = None


def incidents(view: View, question: IncidentQuestion) -> Page:
    """Incidents as this viewer sees them.

    Raises:
        ProblemError: NOT_FOUND: an app that this viewer does not see. BAD_REQUEST: the cursor.
    """
    if question.app is not None:
        the_app(view, question.app)
    query = f"select id, start_ms, record from {_table(view)}"
    return _NEWEST_FIRST.page(view, query, question, [_MINE], lambda row: row["record"])


def incident(view: View, incident_id: str) -> dict[str, Any]:
    """One incident as this viewer sees it.

    Raises:
        ProblemError: NOT_FOUND: there is none that this viewer sees.
    """
    query = f"select record from {_table(view)} where id = %(id)s and {_MINE}"
    found = view.rows(query, {"id": incident_id})
    if not found:
        raise ProblemError(Problem.NOT_FOUND)
    record: dict[str, Any] = found[0]["record"]
    return record


@dataclass(frozen=True, slots=True)
class MeasureQuestion:
    """Which incidents, by what; months by name, None: the last twelve, of all apps and partners."""

    by: By = By.MONTH
    app: str | None = None
    partner: str | None = None
    from_month: str | None = None
    to_month: str | None = None
    cursor: str | None = None
    limit: int = USUAL


def measures(view: View, question: MeasureQuestion) -> Page:
    """How incidents went, by month and app or partner; to a partner those of its own apps.

    Raises:
        ProblemError: NOT_FOUND: an app that this viewer does not see. BAD_REQUEST: the cursor.
    """
    if question.app is not None:
        the_app(view, question.app)
    now = datetime.now(UTC)
    last = Month.named(question.to_month) if question.to_month else Month(now.year, now.month)
    first = Month.named(question.from_month) if question.from_month else last.moved(1 - _MONTHS)
    order = f"measures-{question.by}"
    after: tuple[str, str] | None = None
    if question.cursor is not None:
        month, name = read_cursor(question.cursor, order, [str, str])
        after = str(month), str(name)
    asked = Question(
        question.by,
        first.first_ms,
        last.moved(1).first_ms,
        app_keys=None if question.app is None else [question.app],
        partner=question.partner,
        seen_partners=view.viewer.partners,
        with_internal=view.viewer.is_platform,
        after=after,
        most=question.limit + 1,
    )
    found = read_means(view.connection, asked)
    return page_of(
        found, question.limit, order, lambda one: (one.month, one.name or ""), partial(row_document, question.by)
    )


def _table(view: View) -> str:
    return "incident" if view.viewer.is_platform else "incident_public"
