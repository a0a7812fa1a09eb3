"""Whether a failed look-up is the name's fault, or that of our own name service."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from streams.outbound.lookup import Lookup

_NO_SUCH_NAME: Final = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
_CONTROL: Final = "slo-streams-prober.invalid"  # reserved never to exist (RFC 2606), which a name service has to say
_CONTROL_TIMEOUT_S: Final = 2.0
_CONTROL_HOLDS_S: Final = 5.0


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
