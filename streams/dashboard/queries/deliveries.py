"""Who was told of what, by which way, and what became of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from streams.dashboard.database import View
from streams.dashboard.queries.apps import the_app
from streams.dashboard.queries.page import ListQuestion, NewestFirst, Page

# Of a target only its own partner and the platform see where it is: an address of the platform's may hold a secret.
_DELIVERY: Final = """
select d.id, d.seq, d.notification, n.app_key, d.kind, d.thread, d.channel, d.state, d.reason, d.attempts, d.held,
  d.digest, d.created_at, d.due_at, d.sent_at,
  case when %(is_platform)s or d.target = a.email then d.target end as target
from delivery d join notification n on n.id = d.notification left join app a on a.app_key = n.app_key
"""
_MINE: Final = "(%(is_platform)s or a.partner_id = any(%(partners)s))"
_NEWEST_FIRST: Final = NewestFirst(
    {"d.seq": int},
    {"app": "n.app_key = %(app)s", "channel": "d.channel = %(channel)s", "state": "d.state = %(state)s"},
)


@dataclass(frozen=True, slots=True)
class DeliveryQuestion(ListQuestion):
    """Which deliveries, newest first; None: all."""

    app: str | None = None
    channel: str | None = None
    state: str | None = None


def deliveries(view: View, question: DeliveryQuestion) -> Page:
    """Deliveries.

    Raises:
        ProblemError: NOT_FOUND: an app that this viewer does not see. BAD_REQUEST: the cursor.
    """
    if question.app is not None:
        the_app(view, question.app)
    return _NEWEST_FIRST.page(view, _DELIVERY, question, [_MINE], _item)


def deliveries_of_thread(view: View, incident_id: str) -> list[dict[str, Any]]:
    """All of one incident, in the order in which they were begun."""
    query = f"{_DELIVERY} where {_MINE} and d.thread = %(thread)s order by d.seq limit 1000"
    return [_item(row) for row in view.rows(query, {"thread": incident_id})]


def _item(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "notification": row["notification"],
        "appKey": row["app_key"],
        "kind": row["kind"],
        "thread": row["thread"],
        "channel": row["channel"],
        "target": row["target"],
        "state": row["state"],
        "reason": row["reason"],
        "attempts": row["attempts"],
        "digest": row["digest"],
        "createdAt": _text(row["created_at"]),
        "dueAt": _text(row["due_at"]),
        "sentAt": _text(row["sent_at"]),
    }


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
