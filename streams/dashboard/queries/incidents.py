"""Incidents: to the platform the whole record, to a partner what of it is public."""

from dataclasses import dataclass
from typing import Any, Final

from streams.dashboard.database import View
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.page import USUAL, Page, page_of, read_cursor
from streams.web.problem import Problem, ProblemError

_ORDER: Final = "newest"
_MINE: Final = """
(%(is_platform)s or record->>'visibility' = 'ALL_PARTNERS' or id in (
  select incident from incident_app join app using (app_key) where partner_id = any(%(partners)s)))
"""


@dataclass(frozen=True, slots=True)
class IncidentQuestion:
    """Which incidents, newest first; None: all. `is_open`: those that have not ended, or that have."""

    app: str | None = None
    state: str | None = None
    severity: str | None = None
    is_open: bool | None = None
    cursor: str | None = None
    limit: int = USUAL


def incidents(view: View, question: IncidentQuestion) -> Page:
    """Incidents as this viewer sees them.

    Raises:
        ProblemError: NOT_FOUND: an app that this viewer does not see. BAD_REQUEST: the cursor.
    """
    if question.app is not None:
        the_app(view, question.app)
    conditions = {
        "app": "id in (select incident from incident_app where app_key = %(app)s)",
        "state": "record->>'state' = %(state)s",
        "severity": "record->>'severity' = %(severity)s",
    }
    values: dict[str, object] = {name: getattr(question, name) for name in conditions}
    asked = [_MINE, *(condition for name, condition in conditions.items() if values[name] is not None)]
    if question.is_open is not None:
        asked.append(f"ended_ms is {'' if question.is_open else 'not '}null")
    if question.cursor is not None:
        values["at_start"], values["at_id"] = read_cursor(question.cursor, _ORDER, [int, str])
        asked.append("(start_ms, id) < (%(at_start)s, %(at_id)s)")
    query = f"""
select id, start_ms, record from {_table(view)} where {" and ".join(asked)}
order by start_ms desc, id desc limit %(most)s
"""
    rows = view.rows(query, {**values, "most": question.limit + 1})
    return page_of(rows, question.limit, _ORDER, lambda row: (row["start_ms"], row["id"]), lambda row: row["record"])


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


def _table(view: View) -> str:
    return "incident" if view.viewer.is_platform else "incident_public"
