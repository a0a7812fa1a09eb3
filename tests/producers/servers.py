"""Real local servers for a prober to meet."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web

from streams.producers.targets import HealthTarget

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """An HTTP server that gives every path to `handler`; its base URL."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    try:
        await web.SockSite(runner, listener).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await runner.cleanup()


@contextmanager
def refusing() -> Iterator[str]:
    """Base URL of a port that is taken, but nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def healthy(_request: web.Request) -> web.StreamResponse:
    """200 at once."""
    return web.Response(text="ok")


def target(url: str, app_key: str = "com.example.app") -> HealthTarget:
    """A target at a URL."""
    return HealthTarget(app_key=app_key, url=url)
