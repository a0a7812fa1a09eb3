"""The HTTP application assembled: endpoints, and what is said when something goes wrong."""

from collections.abc import Sequence
from typing import Final

from fastapi import FastAPI, Request, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from streams.gateway.documentation import openapi_document
from streams.gateway.events import add_events
from streams.gateway.gateway import Gateway
from streams.gateway.publish import add_publish
from streams.web.problem import Problem, ProblemError

_NOWHERE: Final = "none"


def gateway_app(gateway: Gateway) -> ASGIApp:
    """The application of a gateway: the endpoints of the documented routes, called straight away.

    Endpoints here read bodies themselves and answer with finished responses. What FastAPI and Starlette do for others
    around an endpoint took a third of a call's CPU time.
    """
    routes = [route for route in documented_app(gateway).routes if isinstance(route, Route)]

    def refused(endpoint: str, error: ProblemError) -> Response:
        gateway.metrics.answered(endpoint, error.problem.code)  # of a closed list, never a path as given
        return error.response()

    async def answer(scope: Scope, receive: Receive, route: Route | None) -> Response:
        if route is None:
            return refused(_NOWHERE, ProblemError(Problem.NOT_FOUND))
        allowed = route.methods or ()
        if scope["method"] not in allowed:
            response = refused(route.name, ProblemError(Problem.METHOD_NOT_ALLOWED))
            response.headers["Allow"] = ", ".join(allowed)
            return response
        try:
            answered: Response = await route.endpoint(Request(scope, receive))
        except ProblemError as error:
            return refused(route.name, error)
        return answered

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        route = _found(routes, scope)
        try:
            response = await answer(scope, receive, route)
        except Exception:
            failure = refused(_NOWHERE if route is None else route.name, ProblemError(Problem.INTERNAL))
            await failure(scope, receive, send)
            raise  # the server logs it
        await response(scope, receive, send)

    return call


def _found(routes: Sequence[Route], scope: Scope) -> Route | None:
    """The route of a path, whose parameters the scope gets."""
    for route in routes:
        match = route.path_regex.match(scope["path"])
        if match is not None:
            scope["path_params"] = match.groupdict()
            return route
    return None


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
    app.openapi = lambda: openapi_document(app)  # type: ignore[method-assign]
    add_publish(app, gateway)
    add_events(app, gateway)
    return app
