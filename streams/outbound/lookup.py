"""Names to addresses, once for each call: only addresses within reach come out, and the connection goes to these.

Being asked once, a name cannot stand for two things.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from aiohappyeyeballs import AddrInfoType

from streams.outbound.reach import Reach, RefusedError

Lookup = Callable[[str, int], Awaitable[Sequence[AddrInfoType]]]
"""Addresses of a name, for a port; as `getaddrinfo` gives them, and raises."""


async def system_lookup(host: str, port: int) -> Sequence[AddrInfoType]:
    """The name service of this machine."""
    loop = asyncio.get_running_loop()
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


async def addresses_of(host: str, port: int, lookup: Lookup, reach: Reach) -> list[AddrInfoType]:
    """Where to connect.

    Raises:
        RefusedError: the host has addresses, but none within reach.
        OSError: it has none.
    """
    try:
        version = ip_address(host).version
    except ValueError:
        found = await lookup(host, port)
    else:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        found = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    allowed = [one for one in found if reach.allows(str(one[4][0]))]
    if found and not allowed:
        raise RefusedError(f"{host} is at {found[0][4][0]}, which is not a public address")
    if not allowed:
        raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
    return allowed
