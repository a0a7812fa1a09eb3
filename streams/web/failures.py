"""Wrong tokens: an address that sends too many is not listened to for a while."""

from collections import OrderedDict
from collections.abc import Callable, Collection
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from fastapi import Request

from streams.commas import by_commas
from streams.web.headers import headers_of
from streams.web.networks import Network, is_in
from streams.web.rate import RateLimit

_REMEMBERED: Final = 10_000
_IPV6_PREFIX: Final = 64  # one customer has all addresses of it


class FailureLimit:
    """Lets `burst` wrong tokens of an address pass, and then `per_minute`; then the address has to wait.

    A token that was good from there before is good all the same: whoever sends wrong ones from the same address, behind
    one proxy for example, does not know it, and so shuts nobody out.
    """

    def __init__(self, per_minute: float, burst: int, monotonic_s: Callable[[], float]) -> None:
        self._limit = RateLimit(per_minute / 60, burst, monotonic_s, most=_REMEMBERED)
        self._good: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def wait_s(self, address: str, authorization: str) -> int:
        """0 if a token of the address may be looked at; else the whole seconds until one may be again."""
        return 0 if (address, _digest(authorization)) in self._good else self._limit.left_s(address)

    def failed(self, address: str) -> None:
        """A wrong token came from there."""
        self._limit.wait_s(address)

    def succeeded(self, address: str, authorization: str) -> None:
        """A good token came from there."""
        good = address, _digest(authorization)
        self._good[good] = None
        self._good.move_to_end(good)
        if len(self._good) > _REMEMBERED:
            self._good.popitem(last=False)


def address_of(request: Request, proxies: Collection[Network]) -> str:
    """Where a call comes from, of IPv6 the network of a customer. Only our own proxies are believed whom they name."""
    address = request.client.host if request.client is not None else ""
    forwarded = [part for part in by_commas(headers_of(request, b"x-forwarded-for")) if part]
    while forwarded and is_in(address, proxies):
        address = forwarded.pop()
    return _grouped(address)


def _digest(authorization: str) -> bytes:
    return sha256(authorization.encode(errors="replace")).digest()


def _grouped(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return "none"
    return str(IPv6Network((int(ip), _IPV6_PREFIX), strict=False)) if isinstance(ip, IPv6Address) else str(ip)
