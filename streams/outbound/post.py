"""One POST to an address that somebody wrote down: within reach, not redirected, bounded in time and bytes."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from socket import AF_INET, AF_UNSPEC, AddressFamily
from time import time
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from streams.outbound.lookup import Lookup, addresses_of, system_lookup
from streams.outbound.reach import Reach

TIMEOUT_S: Final = 15.0
_AT_ONCE: Final = 8  # connections to one address
READ_LIMIT_BYTES: Final = 4_096
"""So much of an answer is read: it is only for people, to see why."""


class NoAnswerError(Exception):
    """Nobody answered, or not in time; the message says why. What was sent may have arrived all the same."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, the beginning of the body, and for how long the server asks to be left alone."""

    status: int
    text: str
    retry_after_s: float | None


class Poster:
    """Posts to URLs within reach. Connections are kept for the next post to the same address, until it is closed.

    `lookup` and `trust` stand for the machine's name service and its certificate authorities unless given.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        lookup: Lookup = system_lookup,
        trust: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._reach = reach
        self._lookup = lookup
        self._trust = trust
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One attempt. A redirect is an answer like any other: it is not followed.

        Raises:
            RefusedError: the URL must not be called; it was not.
            NoAnswerError: there was none.
        """
        target = self._reach.check_url(url)
        exact = URL(f"{target.scheme}://{target.authority}{target.target}", encoded=True)
        if self._session is None:
            self._session = self._open()
        try:
            async with self._session.post(exact, data=body, headers=headers, allow_redirects=False) as response:
                text = await response.content.read(READ_LIMIT_BYTES)
                if not response.content.at_eof():
                    response.close()  # whatever else comes, nobody waits for it
                retry_after_s = _seconds(response.headers.get("Retry-After", ""))
                return Answer(response.status, text.decode("utf-8", "replace"), retry_after_s)
        except TimeoutError:
            raise NoAnswerError(f"no answer within {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as problem:
            raise NoAnswerError(str(problem) or type(problem).__name__) from None

    async def close(self) -> None:
        """Let go of connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(self._reach, self._lookup),
            use_dns_cache=False,
            ssl=self._trust or ssl.create_default_context(),
            limit_per_host=_AT_ONCE,
        )
        return aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._timeout_s),
            headers={"User-Agent": "slo-streams"},
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )


class _Resolver(AbstractResolver):
    """Names for aiohttp: it connects to what comes out of here, and asks no second time."""

    def __init__(self, reach: Reach, lookup: Lookup) -> None:
        self._reach = reach
        self._lookup = lookup

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        """Addresses of a name, those within reach only."""
        found = await addresses_of(host, port, self._lookup, self._reach)
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=kind, proto=protocol, flags=0)
            for kind, _, protocol, _, address in found
            if family in (AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _seconds(text: str) -> float | None:
    """What `Retry-After` asks for, as seconds or as a date (RFC 9110); None where it says nothing of use."""
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (TypeError, ValueError, OverflowError):
        return None
