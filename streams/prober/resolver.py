"""Names to addresses, once for each check: only addresses within reach come out, and the connection goes to these."""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from streams.prober.reach import Reach, RefusedError


class ReachableResolver(AbstractResolver):
    """Another resolver, with what is out of reach left out. Being asked once, it cannot be told two things."""

    def __init__(self, resolver: AbstractResolver, reach: Reach) -> None:
        self._resolver = resolver
        self._reach = reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of a host.

        Raises:
            RefusedError: it has addresses, but none within reach.
            OSError: it has none.
        """
        found = await self._resolver.resolve(host, port, family)
        allowed = [one for one in found if self._reach.allows(one["host"])]
        if found and not allowed:
            raise RefusedError(f"{host} is at {found[0]['host']}, which is not a public address")
        return allowed

    async def close(self) -> None:
        """Close the other resolver."""
        await self._resolver.close()
