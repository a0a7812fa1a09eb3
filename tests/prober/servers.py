"""Real local servers for a prober to meet, and names for them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, TypeVar

from aiohappyeyeballs import AddrInfoType
from aiohttp import web

from streams.outbound.post import Poster
from streams.outbound.reach import Reach
from streams.prober.left_out import LeftOut, OwnTroubleError
from streams.prober.targets import HealthTarget

PRIVATE = Reach(allow_private=True)
"""Local servers may be called."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

Found = TypeVar("Found")


def unless_late(scenario: Callable[[], Found]) -> Found:
    """What a scenario gives; played again where the prober was late itself, as then nothing is known of the app."""
    while True:
        try:
            return scenario()
        except OwnTroubleError as trouble:
            if trouble.kind is not LeftOut.LOOP:
                raise


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """An HTTP server that gives every path to `handler`; its base URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    try:
        await web.SockSite(runner, listener, ssl_context=tls).start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def posting(reach: Reach = PRIVATE, **more: Any) -> AsyncIterator[Poster]:
    """A poster, closed afterwards."""
    poster = Poster(reach, **more)
    try:
        yield poster
    finally:
        await poster.close()


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
    """A target at a URL, whatever that is, as the catalogue may have it."""
    return HealthTarget.model_construct(app_key=app_key, url=url)


class Names:
    """A look-up of names in what a test has; a name that is not there is never answered."""

    def __init__(self, addresses: Mapping[str, Sequence[str]]) -> None:
        self.asked: list[str] = []
        self._addresses = addresses

    async def __call__(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Addresses of a name."""
        self.asked.append(host)
        if host == "slo-streams-prober.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        if host not in self._addresses:
            await asyncio.Event().wait()
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port),
            )
            for address in self._addresses[host]
        ]


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server on a raw socket: its base URL, and the head of each request, one a connection.

    The first connection gets the first answer, further ones the last; each is closed half a second behind its answer.
    """
    heads: list[bytes] = []
    idle = asyncio.Condition()
    open_ = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_
        open_ += 1
        number = len(heads)
        heads.append(b"")
        with suppress(OSError, asyncio.IncompleteReadError):
            heads[number] = await reader.readuntil(b"\r\n\r\n")
            writer.write(answers[min(number, len(answers) - 1)])
            await writer.drain()
            with suppress(TimeoutError):  # the caller may go, or wait for the end of the connection
                await asyncio.wait_for(reader.read(), 0.5)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        async with idle:
            open_ -= 1
            idle.notify_all()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
        async with idle:
            await idle.wait_for(lambda: open_ == 0)
