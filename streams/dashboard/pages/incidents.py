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
from streams.dashboard.pages.fields import FormError
from streams.dashboard.pages.incident_acts import AS_VOTED, act_by
from streams.dashboard.pages.incident_words import (
    CAPABILITIES,
    FAULTS,
    KINDS,
    LEVELS,
    OUTCOMES,
    PATHS,
    RAISED,
    REVIEWS,
    STATES,
    TARGETS,
    VISIBILITIES,
)
from streams.dashboard.pages.render import render
from streams.documents.remark import InvalidFileError
from streams.impact.preview import Preview, preview
from streams.incidents.entry import Act, Fault, PirStatus, State
from streams.incidents.people import Person, UnknownIncidentError, approve, find, proposal
from streams.incidents.permitted import RefusedError, check
from streams.incidents.review import measure_text
from streams.reference.reference import exclusion_of
from streams.registry.exclusions import DeclaredExclusion
from streams.rules import read_rules
from streams.severity.severity import Severity
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


def add_incidents(app: FastAPI) -> None:
    """The list, each incident, and what a person decides of it."""

    @app.get("/incidents", include_in_schema=False)
    def incidents(request: Request, view: Seen, cursor: str = "", done: str = "") -> Response:
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
            flash="It is on record, and in the list within some seconds." if done == "raised" else None,
        )

    @app.get("/incidents/{incident_id}", include_in_schema=False)
    def incident(request: Request, view: Seen, incident_id: str, done: str = "") -> Response:
        return _page(request, view, incident_id, done=done)

    @app.post("/incidents/{incident_id}", include_in_schema=False)
    def decide(request: Request, view: Seen, incident_id: str, form: Form) -> Response:
        view.row(_query(view, _ONE), {"id": incident_id})
        if form.get("act") in ("PREVIEW", "APPROVED"):
            return _approval(request, view, incident_id, form)
        try:
            with dashboard_of(request).database.desk() as connection:
                act = act_by(view, connection, incident_id, form)
        except UnknownIncidentError:
            raise ProblemError(Problem.NOT_FOUND) from None
        except (RefusedError, FormError) as problem:
            return _page(request, view, incident_id, problem=str(problem))
        return RedirectResponse(f"/incidents/{quote(incident_id)}?done={act}", 303)


def _approval(request: Request, view: View, incident_id: str, form: dict[str, str]) -> Response:
    """What it would change to leave the incident out of every budget; or, once that was seen, that it is left out."""
    if not view.viewer.is_platform:
        raise ProblemError(Problem.NOT_ALLOWED)
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
        votes=[(words, (record.get("votes") or {}).get(path)) for path, words in PATHS.items()],
        targets=[
            {**one, "words": words, "kind": OUTCOMES[one["outcome"]][0], "outcome_words": OUTCOMES[one["outcome"]][1]}
            for name, words in TARGETS.items()
            if (one := deadlines.get(name)) is not None
        ],
        apps=view.rows(_APPS, {"id": incident_id}),
        states=[(state.value, STATES[state][1]) for state in State],
        visibilities=VISIBILITIES,
        faults=FAULTS,
        kinds=KINDS,
        levels=LEVELS,
        capabilities=CAPABILITIES,
        severities=(*Severity.__members__, AS_VOTED),
        review=_review(record.get("pir")),
        proposed=[
            shown_exclusion(DeclaredExclusion(one, one.start, takes_effect=True), view.viewer) for one in proposed
        ],
        seen=seen,
        problem=problem,
        flash="It is on record." if done in set(Act) else None,
    )
    response.status_code = 200 if problem is None else 422
    return response


def _review(pir: dict[str, Any] | None) -> dict[str, Any]:
    """The review as its form has it, and the next steps that it can take."""
    found = pir or {"status": None, "text": "", "actions": [], "systemAtFault": Fault.UNKNOWN, "signedOffBy": None}
    kind, words = REVIEWS[PirStatus(found["status"])] if pir else ("none", "Not begun")
    return {**found, "kind": kind, "words": words, "lines": "\n".join(map(measure_text, found["actions"]))}


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    kind, words = STATES[record["state"]]
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
        "raised_words": RAISED[record["raisedBy"]],
        "cause_words": None if cause is None else f"{cause['kind']} {cause['name']}".strip(),
        "until": until,
    }
