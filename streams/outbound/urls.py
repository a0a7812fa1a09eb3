"""A URL taken apart: where to connect as a browser would, and the path and query byte for byte as written."""

import re
from ipaddress import IPv4Address
from typing import Final, NamedTuple
from urllib.parse import quote

from pydantic import HttpUrl, TypeAdapter, ValidationError

_HTTP_URL: Final = TypeAdapter(HttpUrl)  # the URL standard of browsers (WHATWG)
_PARTS: Final = re.compile(r"https?://(?P<authority>[^/?#]*)(?P<target>[^#]*)", re.IGNORECASE)
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NAME_LENGTH: Final = 253
_VISIBLE: Final = "".join(map(chr, range(0x21, 0x7F)))
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class OutboundUrl(NamedTuple):
    """What a call needs of its URL. `host` is a name as DNS has it, or an address without brackets."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def read_url(text: str) -> OutboundUrl:
    """The parts of a URL.

    Raises:
        ValueError: it cannot be checked, or not be shown; says why.
    """
    if text != "".join(text.split()):
        raise ValueError("contains white space")
    try:
        url = _HTTP_URL.validate_python(text)
    except ValidationError as problem:
        raise ValueError(problem.errors()[0]["msg"].removeprefix("Value error, ")) from None
    if url.username is not None or url.password is not None:
        raise ValueError("carries a user name or password, which would be seen wherever the URL is")
    parts = _PARTS.match(text)
    if parts is None or "\\" in text:
        raise ValueError("browsers and others read it differently: write https://name/path")
    host, target = (url.host or "").strip("[]"), quote(parts["target"], safe=_VISIBLE)
    _check_host(host, parts["authority"])
    return OutboundUrl(url.scheme, host, url.port or 0, target if target.startswith("/") else f"/{target}")


def _check_host(host: str, written: str) -> None:
    if ":" in host:
        return
    try:
        IPv4Address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        if len(host) > _NAME_LENGTH or not all(map(_LABEL.fullmatch, labels)):
            raise ValueError(f"{host} cannot be the name of a host") from None
        return
    if written.partition(":")[0] != host:
        raise ValueError(f"an address in disguise: write it as {host}")
