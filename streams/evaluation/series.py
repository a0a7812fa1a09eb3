"""A series: one app, one scope, one metric; its panes and where it stands under each objective."""

from collections.abc import Sequence

from streams.evaluation.judged import ALL_AT_REST, Judged
from streams.evaluation.judged import SeriesKey as SeriesKey
from streams.windows.hopping import PaneRange
from streams.windows.tumbling import NO_PANE, TumblingCounts


class Series(Judged, TumblingCounts):
    """State of one series, which is itself the counts of what its host reported: an event touches one object.

    `by_app` holds beside it what the app reported itself; only iframe loads ever have it. `states` has an entry only
    for objectives under which the series is not at rest.
    """

    __slots__ = ("app_key", "by_app", "is_dirty", "is_fading", "is_watched", "scope", "states")

    def __init__(self, key: SeriesKey) -> None:
        self.clear()
        self.app_key, self.scope = key
        self.by_app: TumblingCounts | None = None
        self.states = ALL_AT_REST
        self.is_dirty = False  # changed since the last commit
        self.is_watched = False  # a boundary can change its standing
        self.is_fading = False  # scheduled to be looked at when its panes have expired

    @property
    def by_host(self) -> TumblingCounts:
        """What its host reported: its own counts, without anything beside them."""
        return self

    def counted(self, ranges: Sequence[PaneRange]) -> tuple[int, int]:
        """(good, bad) of these panes. The app's own events, where there are any, replace the host's."""
        if self.by_app is not None:
            good, bad = _sum(self.by_app, ranges)
            if good or bad:
                return good, bad
        return _sum(self, ranges)

    def its_own(self) -> TumblingCounts:
        """What the app reported itself, to be added to."""
        if self.by_app is None:
            self.by_app = TumblingCounts()
        return self.by_app

    @property
    def is_idle(self) -> bool:
        """Whether it holds neither pane nor standing: such a series is dropped."""
        return not self.is_fading and not self.states

    @property
    def latest_pane(self) -> int:
        """The latest pane with a counted event; -1 without one."""
        return self.pane if self.by_app is None else max(self.pane, self.by_app.pane)

    @property
    def earliest_pane(self) -> int:
        """The earliest pane still stored; -1 without one."""
        firsts = [panes.first_pane for panes in (self.by_host, self.by_app) if panes is not None]
        return min((pane for pane in firsts if pane != NO_PANE), default=NO_PANE)

    def was_there(self, at_ms: int, pane_ms: int) -> bool:
        """Whether it had an event before a time, or a breach."""
        if self.earliest_pane * pane_ms < at_ms:
            return True
        has_forgotten = self.by_host.has_forgotten or (self.by_app is not None and self.by_app.has_forgotten)
        since_ms = (state.breached_at_ms for state in self.states.values())
        return has_forgotten or any(one_ms is not None and one_ms <= at_ms for one_ms in since_ms)

    def failed_since(self, first_pane: int) -> bool:
        """Whether any pane from `first_pane` on holds a bad event, whoever reported it."""
        return self.bad_since(first_pane) or (self.by_app is not None and self.by_app.bad_since(first_pane))

    def expire(self, before_pane: int) -> None:
        """Let go of all panes before `before_pane`."""
        self.by_host.forget(before_pane)
        if self.by_app is not None:
            self.by_app.forget(before_pane)
            if self.by_app.pane == NO_PANE:
                self.by_app = None


def _sum(panes: TumblingCounts, ranges: Sequence[PaneRange]) -> tuple[int, int]:
    good = bad = 0
    for first_pane, end_pane in ranges:
        more_good, more_bad = panes.counts(first_pane, end_pane)
        good += more_good
        bad += more_bad
    return good, bad
