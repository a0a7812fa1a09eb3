"""The health prober: every URL once an interval, at its own fixed moment, whatever becomes of the others."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Final

from streams.prober.check import Checker, CheckResult
from streams.prober.clock import Clock, SteadyClock, SystemClock
from streams.prober.reach import RefusedError
from streams.prober.schedule import Due, Schedule
from streams.prober.targets import HealthTarget

log = logging.getLogger(__name__)

CONCURRENCY: Final = 800
"""Checks under way at once: enough for 15,000 URLs a minute of which every one times out, and for 1,024 open files."""

TAKE_OVER_MS: Final = 2_000
"""A URL that is new here may just have been checked by another prober: it waits longer than clocks differ."""

_LATE_MS: Final = 5_000
_TOLD_EVERY_MS: Final = 60_000

Report = Callable[[CheckResult], Awaitable[None]]


@dataclass(slots=True)
class Counts:
    """What became of the checks that were due. `left_out`: neither made nor counted against anybody, as the prober
    was late, at its limit, or not sure that the URL was still its own.
    """

    answered: int = 0
    unanswered: int = 0
    refused: int = 0
    left_out: int = 0

    def __str__(self) -> str:
        return (
            f"{self.answered:,} answered, {self.unanswered:,} without an answer, {self.refused:,} refused, "
            f"{self.left_out:,} left out"
        )


class Prober:
    """Checks what it is given to watch and hands every result to `report`; an exception of `report` ends it.

    A URL never has two checks under way, and a slow one delays no other. What cannot be checked in time is left out:
    a check that waited would show the prober's slowness, not the app's. `may_check` is asked before each.
    """

    def __init__(
        self,
        checker: Checker,
        report: Report,
        interval_ms: int,
        *,
        may_check: Callable[[], bool] = lambda: True,
        clock: Clock | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self.counts = Counts()
        self._checker = checker
        self._report = report
        self._may_check = may_check
        self._clock = SteadyClock(clock or SystemClock())
        self._concurrency = concurrency
        self._late_ms = min(_LATE_MS, interval_ms // 2)
        self._take_over_ms = min(TAKE_OVER_MS, interval_ms // 2)
        self._schedule = Schedule(interval_ms)
        self._given: dict[Hashable, set[HealthTarget]] = {}
        self._under_way: set[HealthTarget] = set()
        self._refused: set[HealthTarget] = set()
        self._changed = asyncio.Event()
        self._stopped = False

    def __len__(self) -> int:
        return len(self._schedule)

    def watch(self, source: Hashable, targets: Iterable[HealthTarget]) -> None:
        """From now on check these for a source, instead of what it gave before; nothing stops it all."""
        before, after = self._given.pop(source, set()), set(targets)
        if after:
            self._given[source] = after
        for target in before - after:
            self._schedule.remove(target)
            self._refused.discard(target)
        from_ms = self._clock.now_ms() + self._take_over_ms
        for target in after - before:
            self._schedule.add(target, from_ms)
        self._changed.set()

    def stop(self) -> None:
        """Let `run` end once the checks under way are finished and reported."""
        self._stopped = True
        self._changed.set()

    async def run(self) -> None:
        """Check until stopped."""
        tell_ms = self._clock.now_ms() + _TOLD_EVERY_MS
        async with asyncio.TaskGroup() as group:
            while not self._stopped:
                now_ms = self._clock.now_ms()
                for due in self._schedule.take(now_ms):
                    if self._can_be_made(due, now_ms):
                        self._under_way.add(due.target)
                        group.create_task(self._check(due.target))
                    else:
                        self.counts.left_out += 1
                if now_ms >= tell_ms:
                    log.info("%s URLs; so far %s", f"{len(self):,}", self.counts)
                    tell_ms = now_ms + _TOLD_EVERY_MS
                await self._wait_for_next()

    async def once(self, targets: Iterable[HealthTarget]) -> None:
        """Check every target one time."""
        slots = asyncio.Semaphore(self._concurrency)

        async def check(target: HealthTarget) -> None:
            async with slots:
                await self._check(target)

        async with asyncio.TaskGroup() as group:
            for target in targets:
                group.create_task(check(target))

    def _can_be_made(self, due: Due, now_ms: int) -> bool:
        return (
            now_ms - due.due_ms <= self._late_ms
            and due.target not in self._under_way
            and len(self._under_way) < self._concurrency
            and self._may_check()
        )

    async def _wait_for_next(self) -> None:
        due_ms = self._schedule.next_ms()
        timeout_s = None if due_ms is None else max(0, due_ms - self._clock.now_ms()) / 1_000
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        self._changed.clear()

    async def _check(self, target: HealthTarget) -> None:
        try:
            result = await self._checker.check(target)
        except RefusedError as refusal:
            self._note_refusal(target, str(refusal))
            return
        finally:
            self._under_way.discard(target)
        self._refused.discard(target)
        if result.error is None:
            self.counts.answered += 1
        else:
            self.counts.unanswered += 1
        await self._report(result)

    def _note_refusal(self, target: HealthTarget, reason: str) -> None:
        self.counts.refused += 1
        if target not in self._refused:  # said once, until it has been checked again
            self._refused.add(target)
            log.warning("not checked: %r of %r: %s", target.url, target.app_key, reason)
