"""What may be called. URLs come from catalogues and files that many write: none may turn us against what is not public.

Sources: the IANA special-purpose address registries (RFC 6890), RFC 4291 and 2765 (IPv4 addresses in IPv6), RFC 6052
(NAT64), the clouds' metadata services.
"""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from streams.outbound.urls import OutboundUrl, read_url

Address = IPv4Address | IPv6Address

_NEVER: Final = tuple(
    ip_network(network)
    for network in (
        # where clouds hand out credentials
        *("169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32"),
        *("fd00:ec2::/32", "fd20:ce::/32", "fe80::a9fe:a9fe/128"),
        # an IPv4 address dressed up: mapped, translated, NAT64, 6to4, Teredo; compatible ones are below
        *("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"),
        *("224.0.0.0/4", "ff00::/8"),  # multicast
    )
)
"""Out of reach even where private addresses are allowed."""

_COMPATIBLE: Final = ip_network("::/96")
_NO_IPV4: Final = (IPv6Address("::"), IPv6Address("::1"))

# What `is_global` calls public, here or under an older Python.
_NOT_PUBLIC: Final = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))
_GLOBAL_UNICAST: Final = ip_network("2000::/3")


class RefusedError(Exception):
    """A URL must not be called; the message says why. That is no failure of the app."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The rules: https, a public address, one of `ports`; all three given up with `allow_private`."""

    ports: Collection[int] = (443, 8443)
    allow_private: bool = False

    def check_url(self, text: str) -> OutboundUrl:
        """The URL to call. Names are not looked up; the addresses they stand for are for `allows`.

        Raises:
            RefusedError: it is no URL, or one that must not be called.
        """
        try:
            url = read_url(text)
        except ValueError as error:
            raise RefusedError(f"no URL that can be checked: {error}") from None
        if not self.allow_private and url.scheme != "https":
            raise RefusedError("not https")
        if not self.allow_private and url.port not in self.ports:
            allowed = ", ".join(map(str, sorted(self.ports)))
            raise RefusedError(f"port {url.port} is none of those allowed ({allowed})")
        self._check_literal(url.host)
        return url

    def allows(self, address: str) -> bool:
        """Whether an IP address may be connected to."""
        ip = ip_address(address.partition("%")[0])
        if any(ip in network for network in _NEVER) or (ip in _COMPATIBLE and ip not in _NO_IPV4):
            return False
        return self.allow_private or _is_public(ip)

    def _check_literal(self, host: str) -> None:
        try:
            ip_address(host)
        except ValueError:
            return  # a name
        if not self.allows(host):
            raise RefusedError(f"{host} is not a public address")


def _is_public(ip: Address) -> bool:
    if any(ip in network for network in _NOT_PUBLIC):
        return False
    return ip.is_global and (isinstance(ip, IPv4Address) or ip in _GLOBAL_UNICAST)


def is_this_machine(host: str) -> bool:
    """Whether a name or an address leads nowhere else."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
