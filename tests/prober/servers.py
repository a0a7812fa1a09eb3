"""Real local servers for a prober to meet, and names for them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from streams.prober.reach import Reach
from streams.prober.targets import HealthTarget

PRIVATE = Reach(allow_private=True)
"""Local servers may be called."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """An HTTP server that gives every path to `handler`; its base URL."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    try:
        await web.SockSite(runner, listener, ssl_context=tls).start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}"
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


class Names(AbstractResolver):
    """Names to addresses, as a test has it; a name that is not there is never answered."""

    def __init__(self, addresses: Mapping[str, Sequence[str]]) -> None:
        self.asked: list[str] = []
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of a name."""
        self.asked.append(host)
        if host not in self._addresses:
            await asyncio.Event().wait()
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses[host]
        ]

    async def close(self) -> None:
        """Nothing to close."""
