"""One health check: a GET as a customer's browser would meet it, and what came of it.

One check is one connection, and nothing is tried a second time: HTTP clients quietly repeat a GET whose connection
broke, and then an app that drops every second customer looks well.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import orjson
from aiohappyeyeballs import start_connection

from streams.outbound.lookup import Lookup, addresses_of, system_lookup
from streams.outbound.reach import Reach
from streams.outbound.urls import OutboundUrl
from streams.prober.answer import HEAD_LIMIT_BYTES, BadAnswerError, read_answer
from streams.prober.clock import Clock, SystemClock
from streams.prober.left_out import LeftOut, LoopWatch, OwnTroubleError, own_trouble
from streams.prober.resolver_control import ResolverControl, is_no_answer
from streams.prober.targets import HealthTarget

GOOD_BELOW_MS: Final = 3_000
TIMEOUT_MS: Final = GOOD_BELOW_MS - 1
"""A check is cut at the last millisecond that can still be good."""

ERROR_LENGTH: Final = 256

_NEXT_ADDRESS_S: Final = 0.25  # RFC 8305: when the next address of a name is tried beside one that does not answer
_REQUEST: Final = (
    "GET {url.target} HTTP/1.1\r\nHost: {url.authority}\r\nUser-Agent: slo-streams-prober\r\nAccept: */*\r\n"
    "Cache-Control: no-cache\r\nConnection: close\r\n\r\n"
)


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

    @property
    def is_good(self) -> bool:
        """Whether the objective counts it as good."""
        return self.status_code == 200 and self.duration_ms is not None and self.duration_ms < GOOD_BELOW_MS

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


class _FailedError(Exception):
    """A check without an answer: at which step, and why."""

    def __init__(self, step: str, error: BaseException | str) -> None:
        super().__init__(explain(step, error))


class Checker:
    """Checks URLs within reach; see `checker`."""

    def __init__(
        self, reach: Reach, lookup: Lookup, trust: ssl.SSLContext, loop_watch: LoopWatch, clock: Clock, timeout_s: float
    ) -> None:
        self._reach = reach
        self._lookup = lookup
        self._resolver = ResolverControl(lookup)
        self._trust = trust
        self._loop_watch = loop_watch
        self._clock = clock
        self._timeout_s = timeout_s

    async def check(self, target: HealthTarget) -> CheckResult:
        """Check one URL. Whatever the app does is a result, never an exception; redirects are not followed.

        Raises:
            RefusedError: the URL must not be called; it was not.
            OwnTroubleError: the check failed, and for all that can be known here by the prober's own fault.
        """
        url = self._reach.check_url(target.url)
        loop = asyncio.get_running_loop()
        time_ms, started_s, loop_s = self._clock.epoch_ms(), self._clock.monotonic_s(), loop.time()
        try:
            status = await self._call(url)
        except _FailedError as failure:
            if self._loop_watch.was_late_since(loop_s):
                raise OwnTroubleError(LeftOut.LOOP, f"the prober was late itself ({failure})") from None
            return CheckResult(target, time_ms, None, None, str(failure))
        duration_ms = round(1_000 * (self._clock.monotonic_s() - started_s), 3)
        if duration_ms >= GOOD_BELOW_MS and self._loop_watch.was_late_since(loop_s):
            raise OwnTroubleError(LeftOut.LOOP, f"the prober was late itself (after {duration_ms:.0f} ms)")
        return CheckResult(target, time_ms, status, duration_ms, None)

    async def _call(self, url: OutboundUrl) -> int:
        step = "dns"
        try:
            async with asyncio.timeout(self._timeout_s):
                addresses = await addresses_of(url.host, url.port, self._lookup, self._reach)
                step = "connect"
                connected = await start_connection(
                    addresses, happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1, loop=asyncio.get_running_loop()
                )
                is_tls = url.scheme == "https"
                step = "tls" if is_tls else "other"
                reader, writer = await asyncio.open_connection(
                    sock=connected,
                    limit=HEAD_LIMIT_BYTES,
                    ssl=self._trust if is_tls else None,
                    server_hostname=url.host.rstrip(".") if is_tls else None,
                )
                step = "other"
                try:
                    writer.write(_REQUEST.format(url=url).encode("latin-1"))
                    return await read_answer(reader)
                finally:
                    writer.transport.abort()
        except (OSError, BadAnswerError) as error:
            await self._look_at_ourselves(step, error)
            raise _FailedError(step, error) from None

    async def _look_at_ourselves(self, step: str, error: Exception) -> None:
        """Is the prober to blame?

        Raises:
            OwnTroubleError: it is.
        """
        is_unanswered = step == "dns" and (isinstance(error, TimeoutError) or is_no_answer(error))
        if is_unanswered and not await self._resolver.answers():
            raise OwnTroubleError(LeftOut.RESOLVER, f"the name service does not answer: {error}") from None
        trouble = own_trouble(error) if step in ("dns", "connect") and isinstance(error, OSError) else None
        if trouble is not None:
            raise OwnTroubleError(trouble, str(error)) from None

    async def close(self) -> None:
        """No more checks."""
        self._loop_watch.stop()
        await self._resolver.close()


@asynccontextmanager
async def checker(
    reach: Reach,
    *,
    clock: Clock | None = None,
    timeout_ms: int = TIMEOUT_MS,
    lookup: Lookup = system_lookup,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[Checker]:
    """A checker that resolves, connects and shakes hands anew for every check: it sees what a new customer sees.

    `lookup` and `trust` stand for the machine's name service and its certificate authorities unless given.
    """
    checks = Checker(
        reach, lookup, trust or ssl.create_default_context(), LoopWatch(), clock or SystemClock(), timeout_ms / 1_000
    )
    try:
        yield checks
    finally:
        await checks.close()


def explain(step: str, error: BaseException | str) -> str:
    """`step: reason` of a check without an answer, at most 256 characters."""
    if isinstance(error, TimeoutError):
        return "timeout: no full answer in time"
    reason = " ".join(str(error).split())
    return f"{step}: {reason or type(error).__name__}"[:ERROR_LENGTH]
