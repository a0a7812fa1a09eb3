"""The HTTP application assembled: endpoints, and what is said when something goes wrong."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from streams.gateway.documentation import openapi_document
from streams.gateway.events import add_events
from streams.gateway.gateway import Gateway
from streams.gateway.publish import add_publish
from streams.gateway.route import PlainRoute
from streams.web.problem import Problem, ProblemError

_UNROUTED = {
    HTTPStatus.NOT_FOUND: Problem.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED: Problem.METHOD_NOT_ALLOWED,
}


def gateway_app(gateway: Gateway) -> Starlette:
    """The application of a gateway: the documented routes, without all that FastAPI wraps around every call."""

    async def refused(request: Request, problem: ProblemError) -> Response:
        gateway.metrics.answered(_endpoint(request), problem.problem.code)
        return problem.response()

    async def unrouted(request: Request, problem: HTTPException) -> Response:
        known = _UNROUTED.get(HTTPStatus(problem.status_code), Problem.BAD_REQUEST)
        response = await refused(request, ProblemError(known))
        response.headers.update(problem.headers or {})
        return response

    async def failed(request: Request, _problem: Exception) -> Response:  # the server logs it
        return await refused(request, ProblemError(Problem.INTERNAL))

    handlers: dict[Any, Any] = {ProblemError: refused, HTTPException: unrouted, Exception: failed}
    app = Starlette(routes=documented_app(gateway).routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # to where the Host header says, which anybody may write
    return app


def documented_app(gateway: Gateway) -> FastAPI:
    """The routes and their document, at /openapi.json; pages that load foreign scripts are off."""
    app = FastAPI(
        title="slo-streams gateway",
        version="1",
        description="Apps publish how they fare, services send events. Problems are told as RFC 9457 says.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        servers=[{"url": "http://127.0.0.1:8088", "description": "A gateway on this machine, with its usual settings"}],
        docs_url=None,
        redoc_url=None,
    )
    app.router.route_class = PlainRoute
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    add_publish(app, gateway)
    add_events(app, gateway)
    return app


def _endpoint(request: Request) -> str:
    """Name of the endpoint that was called: of a closed list, never a path as given."""
    return getattr(request.scope.get("route"), "name", "none")
