"""How often an app may call: a token bucket each."""

from collections.abc import Callable
from math import ceil


class RateLimit:
    """Allows `rate` calls a second on average, and `burst` at once.

    Apps are those of known installations, so their number is bounded.
    """

    def __init__(self, rate: float, burst: int, monotonic_s: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic_s = monotonic_s
        self._buckets: dict[str, tuple[float, float]] = {}

    def wait_s(self, app_key: str) -> int:
        """0 if this call is allowed, which counts it; else the whole seconds until the next one is."""
        now_s = self._monotonic_s()
        left, seen_s = self._buckets.get(app_key, (float(self._burst), now_s))
        left = min(float(self._burst), left + (now_s - seen_s) * self._rate)
        allowed = left >= 1
        self._buckets[app_key] = (left - 1 if allowed else left, now_s)
        return 0 if allowed else max(1, ceil((1 - left) / self._rate))
