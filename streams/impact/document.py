"""Where an app stands, and how it came there, as API and command line show it."""

from typing import Any, Final

import psycopg
from psycopg.rows import DictRow, dict_row

from schemas.event_time import utc_text_if_any

Connection = psycopg.Connection[tuple[Any, ...]]

_STANDING: Final = "select stage, since_ms, reason, time_ms, is_review_due, episodes from standing where app_key = %s"
# By their time: a fact that comes late is told later, of something that was before.
_CHANGES: Final = """
select number, stage, former, reason, since_ms, told_ms from standing_change where app_key = %s
order by since_ms, number
"""
_DECISIONS: Final = """
select id, act, stage, until_ms, appeal, who, why, at_ms from decision where app_key = %s order by id
"""
_APPEALS: Final = "select id, incident_id, who, why, at_ms from appeal where app_key = %s order by id"
_LIST: Final = """
select app_key, stage, since_ms, reason, time_ms, is_review_due,
  (select count(*) from jsonb_array_elements(episodes) as episode
   where (episode->>'counts')::bool and (episode->>'start')::timestamptz > to_timestamp((time_ms - %s) / 1000.0))
from standing where (%s::text is null and stage <> 'CLEAR') or stage = %s
order by array_position(array['DEMOTED', 'DEMOTION_DUE', 'REMEDIATION', 'NOTIFIED', 'CLEAR'], stage), since_ms, app_key
"""


def standing_document(connection: Connection, app_key: str) -> dict[str, Any]:
    """The standing of an app as it is published, with all changes, decisions and appeals, each in order of time.

    An app that nobody has looked at yet is clear: nothing ever happened to it.
    """
    found = _rows(connection, _STANDING, app_key)
    now = found[0] if found else {"stage": "CLEAR", "since_ms": None, "reason": None, "time_ms": None, "episodes": []}
    return {
        "appKey": app_key,
        "stage": now["stage"],
        "since": utc_text_if_any(now["since_ms"]),
        "episodes": now["episodes"],
        "reason": now["reason"],
        "time": utc_text_if_any(now["time_ms"]),
        "reviewDue": bool(found) and found[0]["is_review_due"],
        "changes": [
            {
                "number": row["number"],
                "stage": row["stage"],
                "former": row["former"],
                "reason": row["reason"],
                "since": utc_text_if_any(row["since_ms"]),
                "toldAt": utc_text_if_any(row["told_ms"]),
            }
            for row in _rows(connection, _CHANGES, app_key)
        ],
        "decisions": [
            {
                "id": row["id"],
                "act": row["act"],
                "stage": row["stage"],
                "until": utc_text_if_any(row["until_ms"]),
                "appeal": row["appeal"],
                "who": row["who"],
                "why": row["why"],
                "time": utc_text_if_any(row["at_ms"]),
            }
            for row in _rows(connection, _DECISIONS, app_key)
        ],
        "appeals": [
            {
                "id": row["id"],
                "incidentId": row["incident_id"],
                "who": row["who"],
                "why": row["why"],
                "time": utc_text_if_any(row["at_ms"]),
            }
            for row in _rows(connection, _APPEALS, app_key)
        ],
    }


def standings(connection: Connection, period_ms: int, stage: str | None = None) -> list[dict[str, Any]]:
    """The apps at a stage, or all that are not clear, the highest first; `counted` are their episodes of the period."""
    return [
        {
            "appKey": app_key,
            "stage": its_stage,
            "since": utc_text_if_any(since_ms),
            "reason": reason,
            "time": utc_text_if_any(time_ms),
            "reviewDue": is_review_due,
            "counted": counted,
        }
        for app_key, its_stage, since_ms, reason, time_ms, is_review_due, counted in connection.execute(
            _LIST.encode(), [period_ms, stage, stage]
        )
    ]


def _rows(connection: Connection, query: str, app_key: str) -> list[DictRow]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), [app_key]).fetchall()
