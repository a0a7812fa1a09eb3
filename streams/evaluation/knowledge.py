"""What is known beside the events to a boundary: of exclusions, and of the app catalogue.

A version with timestamp T is known to boundary B if T <= B + allowed lateness.
"""

from dataclasses import dataclass

from streams.evaluation.exclusions import Exclusions, KnownExclusions
from streams.evaluation.listings import Listings
from streams.windows.hopping import LONG_AGO


@dataclass(frozen=True, slots=True)
class Known:
    """What is known at a moment, a boundary + allowed lateness."""

    moment_ms: int
    exclusions: KnownExclusions
    listings: Listings

    def news_ms(self, app_key: str) -> int:
        """The first moment at which more is known of an app."""
        return min(self.exclusions.until_ms, self.listings.changes_after_ms(app_key, self.moment_ms))


class Knowledge:
    """All that was said about one metric; `exclusions` and `listings` may be added to at any time."""

    def __init__(
        self, metric: str, lateness_ms: int, exclusions: Exclusions | None = None, listings: Listings | None = None
    ) -> None:
        self._metric = metric
        self._lateness_ms = lateness_ms
        self._exclusions = Exclusions() if exclusions is None else exclusions
        self._listings = Listings() if listings is None else listings
        self._last = self._exclusions.known_at(LONG_AGO, metric)

    def at(self, boundary_ms: int) -> Known:
        """What is known to a boundary."""
        moment_ms, last = boundary_ms + self._lateness_ms, self._last
        if last.revision != self._exclusions.revision or not last.from_ms <= moment_ms < last.until_ms:
            self._last = self._exclusions.known_at(moment_ms, self._metric)
        return Known(moment_ms, self._last, self._listings)
