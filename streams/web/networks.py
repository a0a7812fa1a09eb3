"""Addresses and networks as settings give them, by commas."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from streams.commas import by_commas

Network = IPv4Network | IPv6Network


def _networks(text: object) -> object:
    return [ip_network(part, strict=False) for part in by_commas(text)] if isinstance(text, str) else text


Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]


def is_in(address: str, networks: Iterable[Network]) -> bool:
    """Whether an address lies in one of them; what is no address lies in none."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)
