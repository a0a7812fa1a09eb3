"""How often somebody may do something: a token bucket each."""

from collections import OrderedDict
from collections.abc import Callable
from math import ceil


class RateLimit:
    """Allows `rate` a second on average, and `burst` at once, to each of those who are named by their keys.

    `most` of them are remembered, the last ones; without it their number has to be bounded by itself, as that of the
    apps of known installations is.
    """

    def __init__(self, rate: float, burst: int, monotonic_s: Callable[[], float], most: int | None = None) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic_s = monotonic_s
        self._most = most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str) -> int:
        """0 if this one is allowed, which counts it; else the whole seconds until the next one is."""
        left = self._left(key)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, self._monotonic_s())
        if self._most is not None:
            self._buckets.move_to_end(key)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return 0 if allowed else self._seconds(left)

    def left_s(self, key: str) -> int:
        """The same without counting."""
        left = self._left(key)
        return 0 if left >= 1 else self._seconds(left)

    def _left(self, key: str) -> float:
        now_s = self._monotonic_s()
        left, seen_s = self._buckets.get(key, (float(self._burst), now_s))
        return min(float(self._burst), left + (now_s - seen_s) * self._rate)

    def _seconds(self, left: float) -> int:
        return max(1, ceil((1 - left) / self._rate))
