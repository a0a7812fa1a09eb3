"""Alerts: each as it was published, and what is known today of the window that it was judged by."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from streams.dashboard.database import MINE, View
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.deliveries import deliveries_of_thread
from streams.dashboard.queries.page import ListQuestion, NewestFirst, Page
from streams.evaluation.objective import Objective
from streams.history.reading import read_exclusions
from streams.history.window_counts import window_counts
from streams.web.problem import Problem, ProblemError


@dataclass(frozen=True, slots=True)
class AlertQuestion(ListQuestion):
    """Which alerts, newest first; None: all. `is_open`: breaches that have not recovered, or those that have."""

    app: str | None = None
    metric: str | None = None
    scope: str | None = None
    partner: str | None = None
    objective: str | None = None
    severity: str | None = None
    type: str | None = None
    is_open: bool | None = None
    from_ms: int | None = None
    to_ms: int | None = None


_RECOVERED: Final = "exists (select from alert r where r.incident_id = a.incident_id and r.type = 'RECOVERY')"
_NEWEST_FIRST: Final = NewestFirst(
    {"time_ms": int, "incident_id": str, "type": str},
    {
        "app": "app_key = %(app)s",
        "metric": "metric = %(metric)s",
        "scope": "scope = %(scope)s",
        "partner": "partner_id = %(partner)s",
        "objective": "objective = %(objective)s",
        "severity": "severity = %(severity)s",
        "type": "type = %(type)s",
        "from_ms": "time_ms >= %(from_ms)s",
        "to_ms": "time_ms < %(to_ms)s",
    },
)


def alerts(view: View, question: AlertQuestion) -> Page:
    """Alerts as they were published.

    Raises:
        ProblemError: NOT_FOUND: an app or a partner that this viewer does not see. BAD_REQUEST: the cursor.
    """
    if question.app is not None:
        the_app(view, question.app)
    partners = view.viewer.partners
    if question.partner is not None and partners is not None and question.partner not in partners:
        raise ProblemError(Problem.NOT_FOUND)
    asked = [MINE]
    if question.is_open is not None:
        asked += ["type = 'BREACH'", f"not {_RECOVERED}" if question.is_open else _RECOVERED]
    query = "select time_ms, incident_id, type, record from alert a"
    return _NEWEST_FIRST.page(view, query, question, asked, lambda row: row["record"])


_OF_INCIDENT: Final = f"select type, record, app_key from alert where incident_id = %(incident)s and {MINE}"


def alert(view: View, incident_id: str, objectives: Iterable[Objective]) -> dict[str, Any]:
    """All that is known of one incident; `objectives` are those that alerts are judged by.

    Raises:
        ProblemError: NOT_FOUND: there is none that this viewer sees.
    """
    rows = view.rows(_OF_INCIDENT, {"incident": incident_id.replace("\0", "")})
    if not rows:
        raise ProblemError(Problem.NOT_FOUND)
    records: dict[str, dict[str, Any]] = {row["type"]: row["record"] for row in rows}
    judged = records.get("BREACH") or records["RECOVERY"]
    return {
        "incidentId": incident_id,
        "breach": records.get("BREACH"),
        "recovery": records.get("RECOVERY"),
        "countsAsJudged": {"goodCount": judged["goodCount"], "badCount": judged["badCount"]},
        "countsAsKnownToday": _counts_today(view, judged, objectives),
        "deliveries": deliveries_of_thread(view, incident_id),
    }


def _counts_today(view: View, judged: dict[str, Any], objectives: Iterable[Objective]) -> dict[str, int] | None:
    """Good and bad events of the window by all that came since, without what is excluded by now.

    None where nothing of it is kept by the minute any more.
    """
    exclusions = read_exclusions(view.connection, judged["appKey"])
    found = window_counts(view.connection, judged, objectives, exclusions)
    return None if found is None else {"goodCount": found[0].good, "badCount": found[0].bad}
