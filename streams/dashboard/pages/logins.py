"""Logins: where somebody is logged in, and which tokens see what he sees; each is ended here, at once."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from streams.dashboard.dashboard import Who, dashboard_of
from streams.dashboard.database import Connection
from streams.dashboard.login.forms import Form
from streams.dashboard.login.sessions import end_other_sessions, end_session_named, list_sessions, session_id_of
from streams.dashboard.login.tokens import list_tokens, revoke_token
from streams.dashboard.pages.render import render
from streams.dashboard.viewer import Viewer
from streams.web.problem import Problem, ProblemError

_DONE: Final = {
    "session": "That login has ended.",
    "others": "All your other logins have ended.",
    "token": "The token does not hold any longer.",
}


def add_logins(app: FastAPI) -> None:
    """See them, and end them."""

    @app.get("/logins", include_in_schema=False)
    def logins(request: Request, viewer: Who, done: str = "") -> Response:
        dashboard = dashboard_of(request)
        this_one = session_id_of(request.cookies.get(dashboard.settings.session_cookie, ""))
        with dashboard.database.desk() as connection:
            found = list_sessions(connection, None if viewer.is_platform else viewer.name)
            tokens = _tokens(connection, viewer)
        sessions = [one | {"is_this": one["id"] == this_one} for one in found]
        return render(
            request,
            viewer,
            "logins.html",
            page="logins",
            mine=[one for one in sessions if one["name"] == viewer.name],
            others=[one for one in sessions if one["name"] != viewer.name],
            tokens=tokens,
            flash=_DONE.get(done),
        )

    @app.post("/logins/session", include_in_schema=False)
    def end_one(request: Request, viewer: Who, form: Form) -> Response:
        with dashboard_of(request).database.desk() as connection:
            name = None if viewer.is_platform else viewer.name
            if not end_session_named(connection, form.get("id", ""), name):
                raise ProblemError(Problem.NOT_FOUND)
        return RedirectResponse("/logins?done=session", 303)

    @app.post("/logins/others", include_in_schema=False)
    def end_others(request: Request, viewer: Who, _form: Form) -> Response:
        dashboard = dashboard_of(request)
        with dashboard.database.desk() as connection:
            end_other_sessions(connection, viewer.name, request.cookies.get(dashboard.settings.session_cookie, ""))
        return RedirectResponse("/logins?done=others", 303)

    @app.post("/logins/token", include_in_schema=False)
    def revoke(request: Request, viewer: Who, form: Form) -> Response:
        name = form.get("name", "")
        with dashboard_of(request).database.desk() as connection:
            is_known = name in {one["name"] for one in _tokens(connection, viewer)}
            if not (is_known and revoke_token(connection, name)):
                raise ProblemError(Problem.NOT_FOUND)
        return RedirectResponse("/logins?done=token", 303)


def _tokens(connection: Connection, viewer: Viewer) -> list[dict[str, Any]]:
    """Tokens that still hold, of which this viewer sees all that they see."""
    return [one for one in list_tokens(connection) if one["holds"] and _covers(viewer, one)]


def _covers(viewer: Viewer, token: Mapping[str, Any]) -> bool:
    seen = set(token["partners"])
    return viewer.partners is None or (not token["is_platform"] and bool(seen) and seen <= viewer.partners)
