"""The HTTP/1.1 server: what a stranger may cost before an endpoint sees him is bounded here."""

import asyncio
import resource
import signal
from collections.abc import Awaitable
from socket import AF_INET, AF_INET6, create_server
from typing import Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER_TIMEOUT_MS: Final = 10_000
"""How long a connection may take to bring the headers of a call, also of its next one."""

HEADER_LIMIT_BYTES: Final = 64 * 1024
"""Of headers, about; their number is bounded to 100 by the server."""

_GOODBYE_S: Final = 10
"""How long calls under way may take to end when the server is stopped."""

_BACKLOG: Final = 2_048
_CONNECTIONS: Final = 16_384
_OTHER_FILES: Final = 256  # that this process may need beside connections of callers


class UnusablePortError(Exception):
    """The server cannot listen where it should; the message says where, and why not."""


class BrokenServerError(Exception):
    """The server cannot go on; a new process may."""


def check_port(host: str, port: int, settings: str) -> None:
    """See that nobody listens there: the server itself would share the port with whoever does.

    `settings` is how the place is set, for a message.

    Raises:
        UnusablePortError: somebody does, or the address cannot be had.
    """
    try:
        create_server((host, port), family=AF_INET6 if ":" in host else AF_INET).close()
    except OSError as problem:
        where = f"{host}:{port} ({settings})"
        raise UnusablePortError(f"cannot listen at {where}: {problem.strerror}") from None


async def serve_http(app: ASGIApp, host: str, port: int, *, until: asyncio.Event) -> None:
    """Serve until the event, SIGTERM or SIGINT, then answer what is under way; a second signal ends the process.

    Raises:
        BrokenServerError: the server ended by itself.
    """
    server = Server(
        _without_upgrades(app),
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        backpressure=min(_CONNECTIONS, _open_files() - _OTHER_FILES),
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS, max_buffer_size=HEADER_LIMIT_BYTES),
        log_enabled=False,
    )
    loop, numbers = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)

    def on_signal() -> None:
        for number in numbers:
            loop.remove_signal_handler(number)
        until_signal.set()

    until_signal = asyncio.Event()
    for number in numbers:
        loop.add_signal_handler(number, on_signal)
    serving = asyncio.create_task(server.serve())
    ends = [asyncio.create_task(event.wait()) for event in (until, until_signal)]
    try:
        await asyncio.wait([serving, *ends], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            raise BrokenServerError("the HTTP server has ended")
        server.stop()  # type: ignore[no-untyped-call]
        await asyncio.wait([serving], timeout=_GOODBYE_S)
    finally:
        for task in (serving, *ends):
            task.cancel()
        for number in numbers:
            loop.remove_signal_handler(number)


def _without_upgrades(app: ASGIApp) -> ASGIApp:
    """The app, to which a call that offers to speak another protocol is one like any other, and the last.

    What stands behind such a call may be of that other protocol: it is never read as a second call.
    """

    def call(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        async def last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        offers = b"upgrade" in dict(scope["headers"])
        return app(scope, receive, last if offers else send)

    return call


def _open_files() -> int:
    """How many files this process may have open, from now on as many as it is allowed to allow itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else _CONNECTIONS + _OTHER_FILES
