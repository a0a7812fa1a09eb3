"""A route that FastAPI documents like any other and that is called as plain ASGI."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class PlainRoute(APIRoute):
    """Hands the request to the endpoint and sends its response: endpoints here read bodies themselves and answer with
    finished responses, so what FastAPI does for others around an endpoint, a quarter of a call's CPU time, is left out.
    """

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        super().__init__(path, endpoint, **options)

        async def call(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        self.app = call
