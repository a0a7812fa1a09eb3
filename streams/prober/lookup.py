"""Names to addresses, once for each check: only addresses within reach come out, and the connection goes to these.

Being asked once, a name cannot stand for two things.
"""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Final

from aiohappyeyeballs import AddrInfoType

from streams.prober.reach import Reach, RefusedError
from streams.registry.urls import HealthUrl

Lookup = Callable[[str, int], Awaitable[Sequence[AddrInfoType]]]
"""Addresses of a name, for a port; as `getaddrinfo` gives them, and raises."""

_NO_SUCH_NAME: Final = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_CONTROL: Final = "slo-streams-prober.invalid"  # reserved never to exist (RFC 2606), which a name service has to say
_CONTROL_TIMEOUT_S: Final = 2.0
_CONTROL_HOLDS_S: Final = 5.0


async def system_lookup(host: str, port: int) -> Sequence[AddrInfoType]:
    """The name service of this machine."""
    loop = asyncio.get_running_loop()
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


async def addresses_of(url: HealthUrl, lookup: Lookup, reach: Reach) -> list[AddrInfoType]:
    """Where to connect.

    Raises:
        RefusedError: the host has addresses, but none within reach.
        OSError: it has none.
    """
    try:
        version = ip_address(url.host).version
    except ValueError:
        found = await lookup(url.host, url.port)
    else:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        found = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (url.host, url.port))]
    allowed = [one for one in found if reach.allows(str(one[4][0]))]
    if found and not allowed:
        raise RefusedError(f"{url.host} is at {found[0][4][0]}, which is not a public address")
    if not allowed:
        raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
    return allowed


def is_no_answer(error: BaseException) -> bool:
    """Whether a look-up failed, but not for want of such a name: the fault is the name's, or our resolver's."""
    return isinstance(error, socket.gaierror) and error.errno not in _NO_SUCH_NAME


class ResolverControl:
    """Whether the name service answers at all: asked for a name that cannot exist, it has to say so.

    Asked at most once in five seconds, whoever wants to know.
    """

    def __init__(self, lookup: Lookup, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._lookup = lookup
        self._monotonic_s = monotonic_s
        self._asking: asyncio.Task[bool] | None = None
        self._asked_s = float("-inf")

    async def answers(self) -> bool:
        """Ask, unless somebody has just asked."""
        now_s = self._monotonic_s()
        if self._asking is None or now_s - self._asked_s > _CONTROL_HOLDS_S:
            self._asking, self._asked_s = asyncio.create_task(self._ask()), now_s
        return await asyncio.shield(self._asking)

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(_CONTROL_TIMEOUT_S):
                await self._lookup(_CONTROL, 443)
        except OSError as error:  # a timeout is one
            return isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME
        return True  # there are resolvers that have an address for everything

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            with suppress(asyncio.CancelledError):
                await self._asking
