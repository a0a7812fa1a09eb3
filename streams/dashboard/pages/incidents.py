"""Incidents: all of them, and each with its timeline, its severity and how that came, and what is due by when."""

import time
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from schemas.event_time import utc_text
from schemas.exclusions import Exclusion
from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.login.forms import Form
from streams.dashboard.pages.exclusions import shown as shown_exclusion
from streams.dashboard.pages.render import render
from streams.documents.remark import InvalidFileError
from streams.impact.preview import Preview, preview
from streams.incidents.entry import Act, Entry, State, Visibility
from streams.incidents.life import life_of
from streams.incidents.people import Person, UnknownIncidentError, approve, find, proposal
from streams.incidents.permitted import RefusedError, check
from streams.incidents.timeline import add_entry_now, read_timeline_now
from streams.reference.reference import exclusion_of
from streams.registry.exclusions import DeclaredExclusion
from streams.rules import read_rules
from streams.web.problem import Problem, ProblemError

_PAGE: Final = 50
# The platform sees the record itself, a partner what of it is public and his own.
_ROWS: Final = """
select id, start_ms, record from {table}
where (%(before)s = '' or (start_ms, id) < (%(before_ms)s, %(before)s))
order by start_ms desc, id desc limit %(most)s
"""
_ONE: Final = "select record from {table} where id = %(id)s"
_APPS: Final = """
select i.app_key, a.name from incident_app i left join app a using (app_key) where i.incident = %(id)s
  and (%(is_platform)s or a.partner_id = any(%(partners)s))
order by i.app_key limit 200
"""
_STATES: Final = {
    "TRIAGE": ("bad", "Triage"),
    "INVESTIGATING": ("bad", "Investigating"),
    "IDENTIFIED": ("risk", "Identified"),
    "MONITORING": ("risk", "Monitoring"),
    "RESOLVED": ("good", "Resolved"),
    "PIR": ("good", "In review"),
    "CLOSED": ("none", "Closed"),
}
_RAISED: Final = {
    "COMMON_CAUSE": "found: breaches of many began together",
    "PARTNER": "raised by a partner",
    "SUPPORT": "raised by support",
    "PLATFORM": "raised by the platform",
}
_PATHS: Final = {
    "numbers": "users and apps that are hit",
    "capability": "the capability, as long as nobody knows how many are hit",
    "reports": "reports of partners",
    "decision": "a person's decision, which replaces the others",
}
_TARGETS: Final = {"investigation": "Somebody investigates", "update": "The first status update is out"}
_OUTCOMES: Final = {"PENDING": ("risk", "Due"), "MET": ("good", "Met"), "MISSED": ("bad", "Missed")}


def add_incidents(app: FastAPI) -> None:
    """The list, each incident, and what a person decides of it."""

    @app.get("/incidents", include_in_schema=False)
    def incidents(request: Request, view: Seen, cursor: str = "") -> Response:
        before_ms, _, before = cursor.partition(".")
        start_ms = int(before_ms) if before_ms.isdecimal() and len(before_ms) < 16 else 0
        found = view.rows(_query(view, _ROWS), {"before": before, "before_ms": start_ms, "most": _PAGE + 1})
        following = f"{found[_PAGE - 1]['start_ms']}.{found[_PAGE - 1]['id']}" if len(found) > _PAGE else None
        return render(
            request,
            view.viewer,
            "incidents.html",
            page="incidents",
            items=[_shown(row["record"]) for row in found[:_PAGE]],
            next_url=None if following is None else f"?{urlencode({'cursor': following})}",
        )

    @app.get("/incidents/{incident_id}", include_in_schema=False)
    def incident(request: Request, view: Seen, incident_id: str, done: str = "") -> Response:
        return _page(request, view, incident_id, done=done)

    @app.post("/incidents/{incident_id}", include_in_schema=False)
    def decide(request: Request, view: Seen, incident_id: str, form: Form) -> Response:
        if not view.viewer.is_platform:
            raise ProblemError(Problem.NOT_ALLOWED)
        view.row(_query(view, _ONE), {"id": incident_id})
        if form.get("act") in ("PREVIEW", "APPROVED"):
            return _approval(request, view, incident_id, form)
        try:
            entry = _entry(form, view.viewer.name)
            known = life_of(incident_id, read_timeline_now(view.connection, incident_id))
            if known is None:
                raise ProblemError(Problem.NOT_FOUND)
            check(known, entry.act, entry.data)
        except RefusedError as problem:
            return _page(request, view, incident_id, problem=str(problem))
        with dashboard_of(request).database.desk() as connection:
            add_entry_now(connection, incident_id, entry)
        return RedirectResponse(f"/incidents/{quote(incident_id)}?done={entry.act}", 303)


def _approval(request: Request, view: View, incident_id: str, form: dict[str, str]) -> Response:
    """What it would change to leave the incident out of every budget; or, once that was seen, that it is left out."""
    dashboard = dashboard_of(request)
    settings = dashboard.settings
    try:
        with dashboard.database.desk() as connection:
            if form["act"] == "APPROVED":
                approve(connection, settings.topics, incident_id, Person(view.viewer.name, form.get("why", "")))
                return RedirectResponse(f"/incidents/{quote(incident_id)}?done=APPROVED", 303)
            known = find(connection, incident_id)
            check(known, Act.APPROVED, {})
            exclusions = proposal(connection, known)
            tried = {one.id: exclusion_of(one) for one in exclusions}
            rules = read_rules(settings.rules).standing
            seen = preview(connection, settings, dashboard.objectives.all, rules, tried)
    except UnknownIncidentError:
        raise ProblemError(Problem.NOT_FOUND) from None
    except (RefusedError, InvalidFileError) as problem:
        return _page(request, view, incident_id, problem=str(problem))
    if not exclusions:
        return _page(request, view, incident_id, problem="It proposes nothing: its place is not the platform's.")
    return _page(request, view, incident_id, proposed=exclusions, seen=seen)


def _entry(form: dict[str, str], who: str) -> Entry:
    """What a form says of the incident.

    Raises:
        RefusedError: it says nothing that can be done.
    """
    why, now_ms = form.get("why", "").strip(), time.time_ns() // 1_000_000
    match form.get("act"):
        case "CONFIRMED":
            visibility = form.get("visibility", "")
            data = {"visibility": visibility} if visibility in set(Visibility) else {}
            return Entry(Act.CONFIRMED, now_ms, who, why, data)
        case "DISMISSED":
            if not why:
                raise RefusedError("Say why it is none.")
            return Entry(Act.DISMISSED, now_ms, who, why)
        case "STATE" if form.get("state") in set(State):
            return Entry(Act.STATE, now_ms, who, why, {"state": form["state"]})
        case "NOTE" if why:
            return Entry(Act.NOTE, now_ms, who, why, is_public=form.get("public") == "on")
        case "NOTE":
            raise RefusedError("Write what is to be noted.")
    raise RefusedError("Nothing was chosen.")


def _query(view: View, query: str) -> str:
    return query.format(table="incident" if view.viewer.is_platform else "incident_public")


def _page(
    request: Request,
    view: View,
    incident_id: str,
    *,
    problem: str | None = None,
    done: str = "",
    proposed: Sequence[Exclusion] = (),
    seen: Preview | None = None,
) -> Response:
    record = view.row(_query(view, _ONE), {"id": incident_id})["record"]
    deadlines = record.get("deadlines") or {}
    response = render(
        request,
        view.viewer,
        "incident.html",
        page="incidents",
        incident=_shown(record),
        votes=[(words, (record.get("votes") or {}).get(path)) for path, words in _PATHS.items()],
        targets=[
            {**one, "words": words, "kind": _OUTCOMES[one["outcome"]][0], "outcome_words": _OUTCOMES[one["outcome"]][1]}
            for name, words in _TARGETS.items()
            if (one := deadlines.get(name)) is not None
        ],
        apps=view.rows(_APPS, {"id": incident_id}),
        states=[(state.value, _STATES[state][1]) for state in State],
        visibilities=[
            (Visibility.INTERNAL, "the platform alone"),
            (Visibility.PARTNER, "partners of its apps"),
            (Visibility.ALL_PARTNERS, "all partners"),
        ],
        proposed=[
            shown_exclusion(DeclaredExclusion(one, one.start, takes_effect=True), view.viewer) for one in proposed
        ],
        seen=seen,
        problem=problem,
        flash="It is on record." if done else None,
    )
    response.status_code = 200 if problem is None else 422
    return response


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    kind, words = _STATES[record["state"]]
    verdict = record.get("verdict", "CONFIRMED")
    if verdict == "CANDIDATE":
        kind, words = "risk", "Candidate: to be confirmed"
    elif verdict == "DISMISSED":
        kind, words = "none", "Dismissed"
    cause = record.get("commonCause")
    until = record["endedAt"] or utc_text(time.time_ns() // 1_000_000)
    return {
        **record,
        "verdict": verdict,
        "kind": kind,
        "what": record["kind"],
        "state_words": words,
        "severity_words": record["severity"] or "none",
        "raised_words": _RAISED[record["raisedBy"]],
        "cause_words": None if cause is None else f"{cause['kind']} {cause['name']}".strip(),
        "until": until,
    }
