"""The health prober: every URL once an interval, at its own fixed moment, whatever becomes of the others."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Final

from streams.outbound.reach import RefusedError
from streams.prober.check import Checker
from streams.prober.clock import SteadyClock, SystemClock
from streams.prober.left_out import LeftOut, OwnTroubleError
from streams.prober.publish import Report
from streams.prober.schedule import Due, Schedule
from streams.prober.targets import HealthTarget

log = logging.getLogger(__name__)

CONCURRENCY: Final = 800
"""Checks under way at once: enough for 15,000 URLs a minute of which every one times out, and for 1,024 open files."""

TAKE_OVER_MS: Final = 2_000
"""A URL that is new here may just have been checked by another prober: it waits longer than clocks differ."""

_LATE_MS: Final = 5_000
_TOLD_EVERY_MS: Final = 60_000


@dataclass(slots=True)
class Counts:
    """What became of the checks that were due, since the start. `left_out`: they count for nobody, by kind."""

    good: int = 0
    bad: int = 0
    refused: int = 0
    left_out: Counter[LeftOut] = field(default_factory=Counter)

    def __str__(self) -> str:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.left_out.items()))
        left_out = f"{self.left_out.total():,} left out" + (f" ({kinds})" if kinds else "")
        return f"{self.good:,} good, {self.bad:,} bad, {self.refused:,} refused, {left_out}"


class Prober:
    """Checks what it is given to watch and hands every result to `report`; an exception of `report` ends it.

    A URL never has two checks under way, and a slow one delays no other. What cannot be checked in time is left out:
    a check that waited would show the prober's slowness, not the app's. `may_check` is asked before each, `started` is
    told how late it is, in seconds, and `went` which URLs it no longer has.
    """

    def __init__(
        self,
        checker: Checker,
        report: Report,
        interval_ms: int,
        *,
        may_check: Callable[[], bool] = lambda: True,
        went: Callable[[HealthTarget], None] = lambda _: None,
        started: Callable[[float], None] = lambda _: None,
        clock: SteadyClock | None = None,
        counts: Counts | None = None,
        concurrency: int = CONCURRENCY,
    ) -> None:
        self.counts = counts or Counts()
        self._checker = checker
        self._report = report
        self._may_check = may_check
        self._went = went
        self._started = started
        self._clock = clock or SteadyClock(SystemClock())
        self._concurrency = concurrency
        self._late_ms = min(_LATE_MS, interval_ms // 2)
        self._take_over_ms = min(TAKE_OVER_MS, interval_ms // 2)
        self._schedule = Schedule(interval_ms)
        self._given: dict[Hashable, set[HealthTarget]] = {}
        self._under_way: set[HealthTarget] = set()
        self._refused: set[HealthTarget] = set()
        self._tell_ms: dict[LeftOut, int] = {}
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
            self._went(target)
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
                    why_not = self._why_not(due, now_ms)
                    if why_not is None:
                        self._started((now_ms - due.due_ms) / 1_000)
                        self._under_way.add(due.target)
                        group.create_task(self._check(due.target))
                    else:
                        self.counts.left_out[why_not] += 1
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

    def _why_not(self, due: Due, now_ms: int) -> LeftOut | None:
        """Why a check is not made; None if it is."""
        if now_ms - due.due_ms > self._late_ms:
            return LeftOut.LATE
        if due.target in self._under_way or len(self._under_way) >= self._concurrency:
            return LeftOut.BUSY
        return None if self._may_check() else LeftOut.LEASE

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
        except OwnTroubleError as trouble:
            self._note_trouble(target, trouble)
            return
        finally:
            self._under_way.discard(target)
        self._refused.discard(target)
        if result.is_good:
            self.counts.good += 1
        else:
            self.counts.bad += 1
        await self._report(result)
        if target not in self._schedule:
            self._went(target)  # while it was checked

    def _note_refusal(self, target: HealthTarget, reason: str) -> None:
        self.counts.refused += 1
        if target not in self._refused:  # said once, until it has been checked again
            self._refused.add(target)
            log.warning("not checked: %r of %r: %s", target.url, target.app_key, reason)

    def _note_trouble(self, target: HealthTarget, trouble: OwnTroubleError) -> None:
        self.counts.left_out[trouble.kind] += 1
        now_ms = self._clock.now_ms()
        if now_ms >= self._tell_ms.get(trouble.kind, 0):  # once a minute of each kind
            self._tell_ms[trouble.kind] = now_ms + _TOLD_EVERY_MS
            log.error("left out, for trouble of the prober's own (%s): %r: %s", trouble.kind, target.url, trouble)
