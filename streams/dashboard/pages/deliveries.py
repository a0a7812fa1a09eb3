"""Deliveries: who was told, when, and why not."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response

from streams.dashboard.dashboard import Seen
from streams.dashboard.database import View
from streams.dashboard.pages.render import render
from streams.notifier.notification import OF_ALERTS

_PAGE: Final = 50
# A partner is told of what went to his own address; whom else the platform tells is its own affair.
_ROWS: Final = """
select d.id, d.seq, d.channel, d.target, d.kind, d.state, d.reason, d.attempts, n.app_key, n.thread,
  (extract(epoch from coalesce(d.sent_at, d.due_at)) * 1000)::bigint as at_ms
from delivery d join notification n on n.id = d.notification left join app a on a.app_key = n.app_key
where (%(is_platform)s or (a.partner_id = any(%(partners)s) and d.target = a.email))
  and (%(state)s = '' or d.state = %(state)s) and (%(thread)s = '' or n.thread = %(thread)s)
  and (%(before)s = 0 or d.seq < %(before)s)
order by d.seq desc limit %(most)s
"""
_COUNTS: Final = """
select d.state, count(*) as count
from delivery d join notification n on n.id = d.notification left join app a on a.app_key = n.app_key
where (%(is_platform)s or (a.partner_id = any(%(partners)s) and d.target = a.email))
group by d.state
"""
_STATES: Final = {
    "SENT": ("good", "Sent"),
    "DUE": ("risk", "To be sent"),
    "DEAD": ("bad", "Given up"),
    "SUPPRESSED": ("none", "Not to be sent"),
}
_KINDS: Final = {kind.value for kind in OF_ALERTS}


def deliveries_of(view: View, thread: str) -> list[dict[str, Any]]:
    """What was told of an alert, the newest first."""
    return [_shown(row) for row in view.rows(_ROWS, {"state": "", "thread": thread, "before": 0, "most": _PAGE})]


def delivery_counts(view: View) -> list[dict[str, Any]]:
    """How many there are of each state, as the pages show it."""
    counts = {row["state"]: row["count"] for row in view.rows(_COUNTS)}
    return [
        {"url": f"?state={name}", "count": counts.get(name, 0), "words": words, "kind": kind}
        for name, (kind, words) in _STATES.items()
    ]


def add_deliveries(app: FastAPI) -> None:
    """The list."""

    @app.get("/deliveries", include_in_schema=False)
    def deliveries(request: Request, view: Seen, state: str = "", before: int = 0) -> Response:
        found = view.rows(_ROWS, {"state": state, "thread": "", "before": before, "most": _PAGE + 1})
        more = found[_PAGE - 1]["seq"] if len(found) > _PAGE else None
        return render(
            request,
            view.viewer,
            "deliveries.html",
            page="deliveries",
            deliveries=[_shown(row) for row in found[:_PAGE]],
            tiles=delivery_counts(view),
            next_url=None if more is None else f"?{urlencode({'state': state, 'before': more})}",
        )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    kind, words = _STATES[row["state"]]
    is_alert = row["kind"] in _KINDS
    return {
        **row,
        "kind": kind,
        "state_words": words,
        "what": f"{row['kind'].capitalize()}" + (f" of {row['app_key']}" if row["app_key"] else ""),
        "alert_url": f"/alerts/{quote(row['thread'])}" if is_alert else None,
    }
