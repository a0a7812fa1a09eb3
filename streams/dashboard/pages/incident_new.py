"""An incident that a person knows of: raised by the platform, by support, or by a partner for apps of its own."""

from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from streams.dashboard.dashboard import Seen, dashboard_of
from streams.dashboard.database import View
from streams.dashboard.login.forms import Form
from streams.dashboard.pages.fields import FormError, time_ms
from streams.dashboard.pages.incident_acts import apps_of, choice, person_of
from streams.dashboard.pages.incident_words import CAPABILITIES, FAULTS, KINDS, VISIBILITIES
from streams.dashboard.pages.render import render
from streams.dashboard.queries.raising import Raised, ticket_by
from streams.incidents.entry import RaisedBy
from streams.incidents.people import Ticket, raise_incident
from streams.incidents.permitted import RefusedError

_FIELDS: Final = (
    *("title", "raised_by", "partner", "apps", "users", "capability", "kind", "fault", "visibility"),
    *("start", "zone", "trial", "why"),
)
_RAISED_BY: Final = (
    (RaisedBy.PLATFORM, "the platform"),
    (RaisedBy.SUPPORT, "support"),
    (RaisedBy.PARTNER, "a partner: its first report"),
)


def add_incident_new(app: FastAPI) -> None:
    """The form, and what is sent by it."""

    @app.get("/incidents/new", include_in_schema=False)
    def new_incident(request: Request, view: Seen) -> Response:
        return _form(request, view, {name: request.query_params.get(name, "") for name in _FIELDS})

    @app.post("/incidents/new", include_in_schema=False)
    def raise_one(request: Request, view: Seen, form: Form) -> Response:
        try:
            ticket = _ticket(view, form)
            with dashboard_of(request).database.desk() as connection:
                raise_incident(connection, ticket, person_of(view, form))
        except (FormError, RefusedError) as problem:
            return _form(request, view, {name: form.get(name, "") for name in _FIELDS}, str(problem))
        return RedirectResponse("/incidents?done=raised", 303)


def _form(request: Request, view: View, asked: Mapping[str, str], problem: str | None = None) -> Response:
    response = render(
        request,
        view.viewer,
        "incident_new.html",
        page="incidents",
        asked=asked,
        problem=problem,
        raisers=_RAISED_BY,
        own_partners=sorted(view.viewer.partners or ()),
        capabilities=CAPABILITIES,
        kinds=KINDS,
        faults=FAULTS,
        visibilities=VISIBILITIES,
    )
    response.status_code = 200 if problem is None else 422
    return response


def _ticket(view: View, form: Mapping[str, str]) -> Ticket:
    by = form.get("raised_by", "")
    raised = Raised(
        RaisedBy(by) if by in {one for one, _words in _RAISED_BY} else RaisedBy.PLATFORM,
        form.get("title", ""),
        apps_of(view, form.get("apps", "")),
        time_ms(form.get("start", ""), "The start"),
        form.get("partner", ""),
        form.get("trial") == "on",
        {**choice(form, "capability", "users", "kind", "fault", "visibility"), "zone": form.get("zone") or None},
    )
    return ticket_by(view, raised)
