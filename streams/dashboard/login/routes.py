"""`/login` and `/logout`."""

import logging
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from streams.dashboard.dashboard import LOOK_COOKIE, dashboard_of
from streams.dashboard.login.forms import Question
from streams.dashboard.login.oidc import CALLBACK, Oidc, OidcError
from streams.dashboard.login.sessions import SESSION_S, begin_session, end_session, use_link
from streams.dashboard.settings import DashboardSettings
from streams.dashboard.viewer import Viewer, platform
from streams.web.problem import Problem, ProblemError

log = logging.getLogger(__name__)

_LINK: Final = "/login/once"
_USED: Final = "The link was used, or is too old: `slo-streams dashboard link` prints a new one."


def add_login(app: FastAPI, settings: DashboardSettings) -> None:
    """The ways to log in that these settings have, and the one out."""

    @app.get("/login", include_in_schema=False)
    def login(request: Request) -> Response:
        return dashboard_of(request).templates.TemplateResponse(
            request, "login.html", {"has_oidc": settings.oidc_issuer is not None, "is_alone": settings.is_alone}
        )

    @app.post("/logout", include_in_schema=False)
    def logout(request: Request, _form: Question) -> Response:
        with dashboard_of(request).database.desk() as connection:
            end_session(connection, request.cookies.get(settings.session_cookie, ""))
        answer = RedirectResponse("/login", HTTPStatus.SEE_OTHER)
        answer.delete_cookie(settings.session_cookie, secure=_is_safe(settings), httponly=True)
        answer.delete_cookie(LOOK_COOKIE)
        return answer

    if settings.is_alone:

        @app.get(_LINK, include_in_schema=False)
        def once(request: Request, token: Annotated[str, Query(max_length=200)]) -> Response:
            with dashboard_of(request).database.desk() as connection:
                is_good = use_link(connection, token)
            if not is_good:
                raise ProblemError(Problem.NOT_ALLOWED, fault=_USED)
            return _logged_in(request, settings, platform("local", is_manager=True))

    if settings.oidc_issuer is not None:
        oidc = Oidc(settings)

        @app.get("/login/oidc", include_in_schema=False)
        async def begin(request: Request) -> Response:
            try:
                return await oidc.begin(request)
            except OidcError as problem:
                log.warning("login: %s", problem)
                raise ProblemError(Problem.NO_ISSUER, retry_after_s=5) from problem

        @app.get(CALLBACK, include_in_schema=False)
        async def finish(request: Request) -> Response:
            try:
                viewer = await oidc.finish(request)
            except OidcError as problem:
                log.warning("login: %s", problem)
                raise ProblemError(Problem.NOT_ALLOWED, fault="The login was not finished: begin again.") from problem
            request.session.clear()
            return await run_in_threadpool(_logged_in, request, settings, viewer)


def link_of(settings: DashboardSettings, secret: str) -> str:
    """The address that logs in once."""
    return f"{settings.base_url}{_LINK}?token={secret}"


def _logged_in(request: Request, settings: DashboardSettings, viewer: Viewer) -> Response:
    with dashboard_of(request).database.desk() as connection:
        secret = begin_session(connection, viewer, request.headers.get("user-agent", ""))
    log.info("%s has logged in", viewer.name)
    answer = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        settings.session_cookie, secret, max_age=SESSION_S, secure=_is_safe(settings), httponly=True, samesite="lax"
    )
    return answer


def _is_safe(settings: DashboardSettings) -> bool:
    """Whether browsers reach us over TLS, and send the cookie by nothing else."""
    return settings.base_url.startswith("https:")
