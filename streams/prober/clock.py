"""Where a producer takes its time from; tests bring their own."""

import time
from typing import Protocol


class Clock(Protocol):
    """Wall clock, and a clock that never jumps."""

    def epoch_ms(self) -> int:
        """Wall clock, epoch milliseconds."""
        ...

    def monotonic_s(self) -> float:
        """Seconds of a clock that never jumps."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def epoch_ms(self) -> int:
        """Wall clock, epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        """Seconds of a clock that never jumps."""
        return time.monotonic()


class SteadyClock:
    """Epoch milliseconds that never jump: the wall clock as it was at the start, carried on by the other clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start_ms = clock.epoch_ms()
        self._start_s = clock.monotonic_s()

    def now_ms(self) -> int:
        """Milliseconds since the epoch, as if nobody had set the wall clock since."""
        return self._start_ms + int(1_000 * (self._clock.monotonic_s() - self._start_s))
