"""The series of one metric in one partition: all of them, those that changed, and those that need a look.

Only a series with a bad event in its window, or one that does not stand at rest, can make a transition. Those are
*watched*; a boundary costs nothing for the others. A series whose panes have all expired *fades*: dropped when at
rest, kept as a bare state while a breach is held through silence.
"""

import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from streams.evaluation.series import Series, SeriesKey
from streams.windows.tumbling import NO_PANE

SERIES_A_STEP: Final = 1_000
"""Looked at in a millisecond or some."""


class SeriesStore(Mapping[SeriesKey, Series]):
    """All series by their key; `watched` are those that a boundary can change, `dirty` those that changed.

    `first` and `others` are for the hot path. Most apps have one series, found by the app alone; what an app has beside
    its first is found by both.

    Stored series are `put` in while they are read, again whenever they were stored anew, and `scheduling` is gone
    through once all are there.
    """

    def __init__(self, series: Iterable[Series] = ()) -> None:
        """`series`: stored ones, all of them."""
        self.first: Final[dict[str, Series]] = {}
        self.others: Final[dict[SeriesKey, Series]] = {}
        self.watched: list[Series] = []
        self.dirty: list[Series] = []
        self._others_of: Counter[str] = Counter()  # how many of `others` an app has; most have none
        self._fading = defaultdict[int, list[Series]](list)
        for one in series:
            self.put(one)
        deque(self.scheduling(), maxlen=0)

    def __getitem__(self, key: SeriesKey) -> Series:
        app_key, scope = key
        series = self.first.get(app_key)
        return series if series is not None and series.scope == scope else self.others[key]

    def __iter__(self) -> Iterator[SeriesKey]:
        return chain((series.key for series in self.first.values()), self.others)

    def __len__(self) -> int:
        return len(self.first) + len(self.others)

    def new(self, app_key: str, scope: str) -> Series:
        """Add a series, still without an event."""
        series = Series((app_key, scope))
        self.put(series)
        return series

    def count_of(self, app_key: str) -> int:
        """How many series an app has."""
        return (app_key in self.first) + self._others_of.get(app_key, 0)

    def put(self, series: Series) -> None:
        """Add a series, in place of the one with its key, which is not scheduled yet."""
        # One string for all series of a scope: it is in the CPU's cache, and takes no room in each of them.
        series.scope = sys.intern(series.scope)
        app_key = series.app_key
        if self._others_of and app_key in self._others_of and series.key in self.others:
            self.others[series.key] = series
            return
        first = self.first.setdefault(app_key, series)
        if first is series:
            return
        if first.scope == series.scope:
            self.first[app_key] = series
        else:
            self.others[series.key] = series
            self._others_of[app_key] += 1

    def remove(self, key: SeriesKey) -> None:
        """Take out the series with a key, if there is one."""
        app_key, scope = key
        first = self.first.get(app_key)
        if first is not None and first.scope == scope:
            del self.first[app_key]
        elif self.others.pop(key, None) is not None:
            self._others_of[app_key] -= 1
            if not self._others_of[app_key]:
                del self._others_of[app_key]

    def scheduling(self) -> Iterator[None]:
        """Note of all that were put in when to look at them, in steps of a millisecond or some."""
        for number, series in enumerate(chain(self.first.values(), self.others.values()), 1):
            if series.by_app is None:  # as most, which are told without a call: a third of the time
                has_pane, has_failed = series.pane != NO_PANE, series.bad != series.totals[1]
            else:
                has_pane, has_failed = series.latest_pane != NO_PANE, series.failed_since(0)
            if has_pane:
                self.fade_later(series)
            if has_failed or series.states:
                self.watch(series)
            if not number % SERIES_A_STEP:
                yield

    def watch(self, series: Series) -> None:
        """Look at it at every boundary from now on."""
        series.is_watched = True
        self.watched.append(series)

    def mark_dirty(self, series: Series) -> None:
        """It differs from what is stored."""
        if not series.is_dirty:
            series.is_dirty = True
            self.dirty.append(series)

    def take_dirty(self) -> list[Series]:
        """Series changed since the last call, an idle one was dropped.

        In their order: an app that came back after it was dropped has a series of each kind.
        """
        taken = self.dirty.copy()
        self.dirty.clear()
        for series in taken:
            series.is_dirty = False
        return taken

    def fade_later(self, series: Series) -> None:
        """Look at it when its last pane expires."""
        series.is_fading = True
        self._fading[series.latest_pane].append(series)

    def let_go(self, first_pane: int) -> None:
        """Forget what had its last event before `first_pane`; stop watching what cannot change."""
        for pane in [pane for pane in self._fading if pane < first_pane]:
            for series in self._fading.pop(pane):
                if series.latest_pane >= first_pane:
                    self.fade_later(series)
                else:
                    series.is_fading = False
                    series.expire(first_pane)
                    self.mark_dirty(series)
                    self.drop_if_idle(series)
        watched, self.watched = self.watched, []
        for series in watched:
            if series.states or series.failed_since(first_pane):
                self.watched.append(series)
            else:
                series.is_watched = False
                self.drop_if_idle(series)

    def drop_if_idle(self, series: Series) -> None:
        """Let go of it, if it holds nothing."""
        if series.is_idle and self.get(series.key) is series:
            self.remove(series.key)
            self.mark_dirty(series)
