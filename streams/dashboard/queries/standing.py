"""Where an app stands on the ladder, and how it came there."""

from typing import Any, Final

from schemas.event_time import utc_text
from streams.dashboard.database import View
from streams.dashboard.queries.apps import the_app

_STANDING: Final = """
select stage, since_ms, reason, time_ms, is_review_due, episodes from standing where app_key = %(app)s
"""
_CHANGES: Final = """
select number, stage, former, reason, since_ms, told_ms from standing_change where app_key = %(app)s order by number
"""
_DECISIONS: Final = """
select id, act, stage, until_ms, appeal, who, why, at_ms from decision where app_key = %(app)s order by id
"""
_APPEALS: Final = "select id, incident_id, who, why, at_ms from appeal where app_key = %(app)s order by id"


def standing(view: View, app_key: str) -> dict[str, Any]:
    """The standing of an app as it is published, with all changes, decisions and appeals.

    An app that nobody has looked at yet is clear: nothing ever happened to it.

    Raises:
        ProblemError: NOT_FOUND: there is none of this key for this viewer.
    """
    app = the_app(view, app_key)
    asked = {"app": app.key}
    found = view.rows(_STANDING, asked)
    now = found[0] if found else {"stage": "CLEAR", "since_ms": None, "reason": None, "time_ms": None, "episodes": []}
    return {
        "appKey": app.key,
        "stage": now["stage"],
        "since": _text(now["since_ms"]),
        "episodes": now["episodes"],
        "reason": now["reason"],
        "time": _text(now["time_ms"]),
        "reviewDue": bool(found) and found[0]["is_review_due"],
        "changes": [
            {
                "number": row["number"],
                "stage": row["stage"],
                "former": row["former"],
                "reason": row["reason"],
                "since": _text(row["since_ms"]),
                "toldAt": _text(row["told_ms"]),
            }
            for row in view.rows(_CHANGES, asked)
        ],
        "decisions": [
            {
                "id": row["id"],
                "act": row["act"],
                "stage": row["stage"],
                "until": _text(row["until_ms"]),
                "appeal": row["appeal"],
                "who": row["who"],
                "why": row["why"],
                "time": _text(row["at_ms"]),
            }
            for row in view.rows(_DECISIONS, asked)
        ],
        "appeals": [
            {
                "id": row["id"],
                "incidentId": row["incident_id"],
                "who": row["who"],
                "why": row["why"],
                "time": _text(row["at_ms"]),
            }
            for row in view.rows(_APPEALS, asked)
        ],
    }


def _text(time_ms: int | None) -> str | None:
    return None if time_ms is None else utc_text(time_ms)
