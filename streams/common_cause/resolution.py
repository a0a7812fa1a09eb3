"""When an incident is over: for half an hour few of its apps are breached.

Breaches of a window of a day are left out: they stand for a day after all is well.
"""

from dataclasses import dataclass
from typing import Final

from streams.common_cause.numbers import DAY_MS, Numbers

LONG_WINDOW_MS: Final = DAY_MS


@dataclass(frozen=True, slots=True)
class Presence:
    """How many apps were breached at once at most, and since when they are few; None: they are not."""

    peak: int = 0
    quiet_since_ms: int | None = None

    def seen(self, breached: int, at_ms: int, numbers: Numbers) -> "Presence":
        """After a boundary at which so many are."""
        peak = max(self.peak, breached)
        is_quiet = 100 * breached < max(100 * numbers.fewest_apps, numbers.quiet_percent * peak)
        since_ms = at_ms if self.quiet_since_ms is None else self.quiet_since_ms
        return Presence(peak, since_ms if is_quiet else None)

    def over_ms(self, numbers: Numbers) -> int | None:
        """From when on it is over if they stay few."""
        return None if self.quiet_since_ms is None else self.quiet_since_ms + numbers.quiet_ms
