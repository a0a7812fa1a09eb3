"""Where a producer takes its time from; tests bring their own."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall clock, a clock that never jumps, and a way to wait."""

    def epoch_ms(self) -> int:
        """Wall clock, epoch milliseconds."""
        ...

    def monotonic_s(self) -> float:
        """Seconds of a clock that never jumps."""
        ...

    async def wait(self, seconds: float, stop: asyncio.Event) -> None:
        """Return after `seconds`, at once when `stop` is set."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def epoch_ms(self) -> int:
        """Wall clock, epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds of a clock that never jumps."""
        return time.monotonic()

    async def wait(self, seconds: float, stop: asyncio.Event) -> None:
        """Return after `seconds`, at once when `stop` is set."""
        try:
            await asyncio.wait_for(stop.wait(), max(seconds, 0))
        except TimeoutError:
            return
