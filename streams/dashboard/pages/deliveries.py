"""Deliveries: who was told, when, and why not; to the platform also what was sent, and what is sent again."""

import logging
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import Connection, View
from streams.dashboard.login.forms import Form
from streams.dashboard.pages.mail_view import around_mail, mail_html, mail_parts, read_mail
from streams.dashboard.pages.render import render
from streams.notifier.deliveries import Delivery, attempts, body, delivery, retry
from streams.notifier.notification import OF_ALERTS
from streams.notifier.target import SMTP
from streams.web.problem import Problem, ProblemError

log = logging.getLogger(__name__)

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
_THREAD: Final = """
select n.thread from delivery d join notification n on n.id = d.notification where d.id = %(id)s and %(is_platform)s
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
    """The list; each, with what was sent; and once more."""

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
            api_query=urlencode({"state": state}) if state in _STATES else "",
        )

    @app.get("/deliveries/{delivery_id:path}/html", include_in_schema=False)
    def html(request: Request, view: Seen, delivery_id: str) -> Response:
        with dashboard_of(request).database.desk() as connection:
            one = _one(view, connection, delivery_id)
            sent = body(connection, one.id)
        if one.channel != SMTP or not sent:
            raise ProblemError(Problem.NOT_FOUND)
        return mail_html(read_mail(sent))

    @app.get("/deliveries/{delivery_id:path}", include_in_schema=False)
    def show(request: Request, view: Seen, delivery_id: str, done: str = "") -> Response:
        flash = "It is due now: a notifier sends it within some seconds." if done == "due" else None
        return _page(request, view, delivery_id, flash=flash)

    @app.post("/deliveries/{delivery_id:path}", include_in_schema=False)
    def send_again(request: Request, view: Seen, delivery_id: str, _form: Form) -> Response:
        with dashboard_of(request).database.desk() as connection:
            one = _one(view, connection, delivery_id)
            due = retry(connection, [one.id], who=view.viewer.name)
        if not due:
            return _page(request, view, delivery_id, problem="It was sent meanwhile, or is being sent.")
        log.info("%s sends again: %s", view.viewer.name, ", ".join(due))
        return RedirectResponse(f"/deliveries/{quote(one.id, safe='')}?done=due", 303)


def _one(view: View, connection: Connection, delivery_id: str) -> Delivery:
    """What is sent may tell of many apps: it is for the platform alone.

    Raises:
        ProblemError: NOT_FOUND: there is none, or somebody else asks.
    """
    found = (
        [one for one in delivery(connection, delivery_id) if one.id == delivery_id] if view.viewer.is_platform else []
    )
    if not found:
        raise ProblemError(Problem.NOT_FOUND)
    return found[0]


def _page(
    request: Request, view: View, delivery_id: str, *, problem: str | None = None, flash: str | None = None
) -> Response:
    with dashboard_of(request).database.desk() as connection:
        one = _one(view, connection, delivery_id)
        tried = attempts(connection, one.id)
        sent = body(connection, one.id)
        [row] = view.rows(_THREAD, {"id": one.id})
    is_mail = one.channel == SMTP and bool(sent)
    kind, words = _STATES[one.state]
    shown = _shown({"kind": one.kind, "state": one.state, "app_key": one.app, "thread": row["thread"]})
    facts = {
        **{name: getattr(one, name) for name in ("id", "channel", "target", "state", "reason", "digest", "silence")},
        "state_kind": kind,
        "state_words": words,
        "what": shown["what"],
        "alert_url": shown["alert_url"],
        "sent_ms": _ms(one.sent_at),
        "due_ms": _ms(one.due_at),
    }
    response = render(
        request,
        view.viewer,
        "delivery.html",
        page="deliveries",
        one=facts,
        attempts=[
            {"at_ms": _ms(each.at), "outcome": each.outcome, "detail": each.detail, "took_ms": each.took_ms}
            for each in reversed(tried)
        ],
        is_rendered=bool(sent),
        is_mail=is_mail,
        problem=problem,
        flash=flash,
        **(mail_parts(read_mail(sent)) if is_mail else {"text": sent.decode(errors="replace")}),
    )
    response.status_code = 200 if problem is None else 422
    return around_mail(response) if is_mail else response


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1_000)


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
