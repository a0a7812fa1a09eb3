"""One health check: a GET as a customer's browser would meet it, and what came of it."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver

from streams.prober.clock import Clock, SystemClock
from streams.prober.reach import Reach, RefusedError
from streams.prober.resolver import ReachableResolver
from streams.prober.targets import HealthTarget

TIMEOUT_MS = 2_999
"""A check is cut at the last millisecond that can still be good: 200 in under 3,000 ms."""

READ_LIMIT_BYTES = 65_536
"""Of a longer answer, only so much is read: an endless body must not hold the check, nor fill the memory."""

ERROR_LENGTH = 256


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check saw; times in milliseconds.

    `time_ms` is when it began. Either `status_code` and `duration_ms` (to the end of the body) are set, or
    `error` is: `dns`, `connect`, `tls`, `timeout` or `other`, a colon, and the reason.
    """

    target: HealthTarget
    time_ms: int
    status_code: int | None
    duration_ms: float | None
    error: str | None

    def to_json(self) -> bytes:
        """Value of a `slo.healthcheck.v1` record."""
        return orjson.dumps(
            {
                "appKey": self.target.app_key,
                "time": self.time_ms,
                "baseUrl": self.target.url,
                "statusCode": self.status_code,
                "durationInMillis": self.duration_ms,
                "error": self.error,
            }
        )


class Checker:
    """Checks URLs within reach; see `checker`."""

    def __init__(self, session: aiohttp.ClientSession, reach: Reach, clock: Clock) -> None:
        self._session = session
        self._reach = reach
        self._clock = clock

    async def check(self, target: HealthTarget) -> CheckResult:
        """Check one URL. Whatever the app does is a result, never an exception; redirects are not followed.

        Raises:
            RefusedError: the URL must not be called; it was not.
        """
        url = self._reach.check_url(target.url)
        time_ms, started_s = self._clock.epoch_ms(), self._clock.monotonic_s()
        try:
            async with self._session.get(url, allow_redirects=False) as response:
                await _read(response)
        except aiohttp.InvalidURL as error:
            raise RefusedError(f"no URL that can be checked: {error}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a timeout is an OSError
            return CheckResult(target, time_ms, None, None, explain(error))
        duration_ms = round(1_000 * (self._clock.monotonic_s() - started_s), 3)
        return CheckResult(target, time_ms, response.status, duration_ms, None)


@asynccontextmanager
async def checker(
    reach: Reach,
    *,
    clock: Clock | None = None,
    timeout_ms: int = TIMEOUT_MS,
    resolver: AbstractResolver | None = None,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[Checker]:
    """A checker that resolves, connects and shakes hands anew for every check: it sees what a new customer sees.

    `resolver` and `trust` stand for the machine's name service and its certificate authorities unless given.
    """
    connector = aiohttp.TCPConnector(
        limit=0,
        force_close=True,
        use_dns_cache=False,
        resolver=ReachableResolver(resolver or aiohttp.ThreadedResolver(), reach),
        ssl=trust or True,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=timeout_ms / 1_000),
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_line_size=READ_LIMIT_BYTES,
        max_field_size=READ_LIMIT_BYTES,
        headers={"User-Agent": "slo-streams-prober", "Cache-Control": "no-cache"},
    ) as session:
        yield Checker(session, reach, clock or SystemClock())


async def _read(response: aiohttp.ClientResponse) -> None:
    read_bytes = 0
    async for chunk in response.content.iter_any():
        read_bytes += len(chunk)
        if read_bytes >= READ_LIMIT_BYTES:
            return


def explain(error: Exception) -> str:
    """`kind: reason` of a check without an answer, at most 256 characters."""
    kind, reason = _kind(error), " ".join(str(error).split())
    if kind == "timeout":
        reason = "no full answer in time"  # which of aiohttp's own limits it was tells nobody more
    return f"{kind}: {reason or type(error).__name__}"[:ERROR_LENGTH]


def _kind(error: Exception) -> str:
    match error:  # from the special to the general: aiohttp's TLS and DNS errors are connect errors too
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorDNSError():
            return "dns"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "tls"
        case aiohttp.ClientConnectorError():
            return "connect"
        case _:
            return "other"
