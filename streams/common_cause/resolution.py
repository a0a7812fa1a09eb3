"""When an incident is over: for half an hour few of its apps are breached.

Breaches of a window of a day are left out: they stand for a day after all is well.
"""

from dataclasses import dataclass
from typing import Final

QUIET_MS: Final = 30 * 60_000
LONG_WINDOW_MS: Final = 86_400_000
_FEWEST: Final = 3
_SHARE: Final = 10  # one tenth of the peak


@dataclass(frozen=True, slots=True)
class Presence:
    """How many apps were breached at once at most, and since when they are few; None: they are not."""

    peak: int = 0
    quiet_since_ms: int | None = None

    def seen(self, breached: int, at_ms: int) -> "Presence":
        """After a boundary at which so many are."""
        peak = max(self.peak, breached)
        is_quiet = breached * _SHARE < max(_FEWEST * _SHARE, peak)
        since_ms = at_ms if self.quiet_since_ms is None else self.quiet_since_ms
        return Presence(peak, since_ms if is_quiet else None)

    @property
    def over_ms(self) -> int | None:
        """From when on it is over if they stay few."""
        return None if self.quiet_since_ms is None else self.quiet_since_ms + QUIET_MS
