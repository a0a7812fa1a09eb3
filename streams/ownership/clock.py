"""What time it is for a worker: that of the brokers, so that no clock of its own can be wrong for its partitions.

Its own clock is only compared with theirs, and stands in where no topic gives their time.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

from streams.health.condition import ClockCondition
from streams.kafka.broker_clock import BrokerClock
from streams.settings import Clock

log = logging.getLogger(__name__)

TOLERANCE_MS: Final = 5_000


def own_clock_ms() -> int:
    """The time of this machine, epoch ms."""
    return time.time_ns() // 1_000_000


class WorkerClock:
    """Told append times by whoever hears of them; `is_known` once it can tell the time to judge silence by."""

    def __init__(
        self,
        clock: Clock,
        own_ms: Callable[[], int] = own_clock_ms,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_live = clock is Clock.LIVE
        self._brokers = BrokerClock()
        self._own_ms = own_ms
        self._monotonic_s = monotonic_s
        self._stands_in = False
        self._is_off = False

    def tell(self, broker: int, append_ms: int, at_s: float) -> None:
        """A record was appended by this broker at its time `append_ms`, not much before `at_s` (monotonic clock)."""
        if self._stands_in and self._now_ms() is None:
            log.info("the brokers tell the time now")
        self._brokers.tell(broker, append_ms, at_s)
        self._compare()

    def stand_in(self, why: str) -> None:
        """Nothing tells the time of the brokers, for now."""
        if not self._stands_in and self._is_live and self._now_ms() is None:
            log.warning("%s: the time to judge silence by is that of this machine until a topic tells", why)
        self._stands_in = True

    @property
    def is_known(self) -> bool:
        """Whether partitions can be judged: always where time is the events' alone."""
        return not self._is_live or self._stands_in or self._now_ms() is not None

    def now_ms(self) -> int | None:
        """The time that silence is judged by, epoch ms; None where time is the events' alone, or not known yet."""
        if not self._is_live:
            return None
        now_ms = self._now_ms()
        return self._own_ms() if now_ms is None and self._stands_in else now_ms

    def nearest_ms(self) -> int:
        """The time to measure delays by: that of the brokers where it is known."""
        now_ms = self._now_ms()
        return self._own_ms() if now_ms is None else now_ms

    def look(self) -> ClockCondition:
        """Whose clock is in use, and how far the worker's own is off."""
        ahead_ms = self._ahead_ms()
        return ClockCondition(ahead_ms is not None, None if ahead_ms is None else ahead_ms / 1_000)

    def _now_ms(self) -> int | None:
        return self._brokers.now_ms(self._monotonic_s())

    def _ahead_ms(self) -> int | None:
        now_ms = self._now_ms()
        return None if now_ms is None else self._own_ms() - now_ms

    def _compare(self) -> None:
        ahead_ms = self._ahead_ms() or 0
        was_off, self._is_off = self._is_off, abs(ahead_ms) > TOLERANCE_MS
        if self._is_off and not was_off:
            way = "ahead of" if ahead_ms > 0 else "behind"
            off_s = abs(ahead_ms) / 1_000
            log.warning("the clock of this machine is %.0f s %s the brokers'; nothing is judged by it", off_s, way)
        elif was_off and not self._is_off:
            log.info("the clock of this machine agrees with the brokers' again")
