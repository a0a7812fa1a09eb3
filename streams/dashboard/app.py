"""The HTTP application assembled: API, pages, static files, and what is said when something goes wrong."""

from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp

from schemas import json_schema
from streams.dashboard.api import add_api
from streams.dashboard.api.documentation import openapi_document
from streams.dashboard.dashboard import Dashboard, Identify, dashboard_of
from streams.dashboard.database import Database
from streams.dashboard.embeds import add_embeds
from streams.dashboard.headers import with_headers, with_tags
from streams.dashboard.health import add_health
from streams.dashboard.jobs import Jobs
from streams.dashboard.login.identify import Logins
from streams.dashboard.login.oidc import with_login_state
from streams.dashboard.login.routes import add_login
from streams.dashboard.pages import add_pages
from streams.dashboard.pages.render import page_templates
from streams.dashboard.settings import DashboardSettings
from streams.objectives.bind import Objectives
from streams.web.problem import Problem, ProblemError

_HERE: Final = Path(__file__).parent
_PROGRAMS: Final = ("/api/", "/live", "/ready", "/metrics", "/openapi.json", "/embed/")
_UNROUTED: Final = {
    HTTPStatus.NOT_FOUND: Problem.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: Problem.METHOD_NOT_ALLOWED,
}


def dashboard_app(
    settings: DashboardSettings, objectives: Objectives, database: Database, identify: Identify | None = None
) -> ASGIApp:
    """The application of a dashboard over a database; `identify` tells who a request comes from, unless by a login."""
    app = routed_app(settings, objectives, database, identify)
    whole = with_login_state(app, settings) if settings.oidc_issuer else app
    return GZipMiddleware(with_headers(with_tags(whole)))


def routed_app(
    settings: DashboardSettings, objectives: Objectives, database: Database, identify: Identify | None = None
) -> FastAPI:
    """All its routes, without what goes with every answer."""
    app = documented_app()
    identify = identify or Logins(settings, database)
    app.state.dashboard = Dashboard(settings, objectives, database, identify, page_templates())
    app.state.jobs = Jobs(settings, database)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.mount("/schemas", StaticFiles(directory=json_schema.DIRECTORY), name="schemas")  # mails link to that of alerts
    add_health(app)
    add_login(app, settings)
    add_embeds(app)
    add_pages(app)
    return app


def documented_app() -> FastAPI:
    """The API and its document, at /openapi.json; pages that load foreign scripts are off."""
    app = FastAPI(
        title="slo-streams dashboard",
        version="1",
        description="What is counted, judged and left of every app's objectives. Problems are told as RFC 9457 says.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "http://127.0.0.1:8090", "description": "A dashboard on this machine"}],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # to where the Host header says, which anybody may write
        exception_handlers=_handlers(),
    )
    add_api(app)
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    return app


def _handlers() -> dict[Any, Any]:
    def refused(request: Request, problem: ProblemError) -> Response:
        if request.url.path.startswith(_PROGRAMS):
            return problem.response()
        if problem.problem is Problem.NOT_LOGGED_IN and request.method == "GET":
            return RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        return dashboard_of(request).templates.TemplateResponse(
            request, "problem.html", {"problem": problem}, problem.problem.status, problem.headers
        )

    async def refused_soon(request: Request, problem: ProblemError) -> Response:
        return refused(request, problem)

    async def invalid(request: Request, problem: RequestValidationError) -> Response:
        first = problem.errors()[0]
        fault = f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}"
        return refused(request, ProblemError(Problem.BAD_REQUEST, fault=fault))

    async def unrouted(request: Request, problem: HTTPException) -> Response:
        known = _UNROUTED.get(HTTPStatus(problem.status_code), Problem.BAD_REQUEST)
        response = refused(request, ProblemError(known))
        response.headers.update(problem.headers or {})
        return response

    async def failed(request: Request, _problem: Exception) -> Response:  # the server logs it
        return refused(request, ProblemError(Problem.INTERNAL))

    return {
        ProblemError: refused_soon,
        RequestValidationError: invalid,
        HTTPException: unrouted,
        Exception: failed,
    }
