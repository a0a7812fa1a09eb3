"""The health prober: every URL once an interval, evenly spread, each at its own fixed moment."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from math import ceil

import aiohttp

from streams.producers.check import CheckResult, check
from streams.producers.clock import Clock, SystemClock
from streams.producers.targets import HealthTarget

CONCURRENCY = 256
"""Checks under way at once: enough for 5,000 URLs a minute of which every one times out."""

Report = Callable[[CheckResult], Awaitable[None]]


def phase_s(index: int, count: int, interval_s: float) -> float:
    """Offset of one of `count` URLs within the interval: 0, 1/count, 2/count, ... of it."""
    return interval_s * index / count


def next_round(last_round: int, elapsed_s: float, interval_s: float) -> int:
    """Round to run after `last_round`, when `elapsed_s` have passed since round 0.

    Rounds that went by are left out rather than caught up with, so a stalled prober never sends a burst.
    """
    return max(last_round + 1, ceil(elapsed_s / interval_s))


class Prober:
    """Checks targets and hands every result to `report`; an exception of `report` ends it.

    One task a target: a URL never has two checks under way, and a slow one delays no other.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        report: Report,
        clock: Clock | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self._session = session
        self._report = report
        self._clock = clock or SystemClock()
        self._slots = asyncio.Semaphore(concurrency)

    async def run(self, targets: Sequence[HealthTarget], interval_s: float, stop: asyncio.Event) -> None:
        """Check for ever. Once `stop` is set, checks under way are finished and reported, then it returns."""
        started_s = self._clock.monotonic_s()
        async with asyncio.TaskGroup() as group:
            for index, target in enumerate(targets):
                first_s = started_s + phase_s(index, len(targets), interval_s)
                group.create_task(self._repeat(target, first_s, interval_s, stop))

    async def once(self, targets: Sequence[HealthTarget]) -> None:
        """Check every target one time."""
        async with asyncio.TaskGroup() as group:
            for target in targets:
                group.create_task(self._check(target))

    async def _repeat(self, target: HealthTarget, first_s: float, interval_s: float, stop: asyncio.Event) -> None:
        now_round = 0
        while True:
            await self._clock.wait(first_s + now_round * interval_s - self._clock.monotonic_s(), stop)
            if stop.is_set():
                return
            await self._check(target)
            now_round = next_round(now_round, self._clock.monotonic_s() - first_s, interval_s)

    async def _check(self, target: HealthTarget) -> None:
        async with self._slots:  # outside the check: waiting for a slot is no slowness of the app
            result = await check(self._session, target, self._clock)
        await self._report(result)
