"""Tumbling panes: good and bad counts per pane of one series, kept cumulatively.

Each closed pane stores the running totals at its end, so the count of any window is the difference of two totals:
one event costs O(1) and one window costs O(log panes), whatever the overlap of the hopping windows read from it.

    pane      100      101        104 (open)
    events    g g b    b          g
    total   (2, 1)   (2, 2)     (3, 2)        counts(101, 105) = (3, 2) - (2, 1) = (1, 1)
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

NO_PANE = -1

# What every series holds that has no pane but the open one, as most do where there are many. Never changed.
_NO_PANES: Final = array("I")
_NO_TOTALS: Final = array("Q", (0, 0))


class TumblingCounts:
    """Good and bad events per pane; a pane is numbered by its start divided by the pane length, since the epoch.

    Only panes that hold an event take room: the open (latest) one as plain attributes for the hot path,
    20 packed bytes for each earlier one. `totals` holds good and bad at the end of what was forgotten, then at the end
    of each of `panes`.
    """

    __slots__ = ("bad", "good", "pane", "panes", "totals")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start anew, without a pane."""
        self.pane = NO_PANE
        self.good = 0
        self.bad = 0
        self.panes = _NO_PANES
        self.totals = _NO_TOTALS

    @property
    def first_pane(self) -> int:
        """The earliest pane stored, -1 without one."""
        return self.panes[0] if self.panes else self.pane

    @property
    def has_forgotten(self) -> bool:
        """Whether events before the first stored pane were counted once."""
        return bool(self.totals[0] or self.totals[1])

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """(pane, good, bad) of each stored pane, the earliest first."""
        good, bad = self.totals[0], self.totals[1]
        for at, pane in enumerate(self.panes, 1):
            good_by_then, bad_by_then = self.totals[2 * at], self.totals[2 * at + 1]
            yield pane, good_by_then - good, bad_by_then - bad
            good, bad = good_by_then, bad_by_then
        if self.pane != NO_PANE:
            yield self.pane, self.good - good, self.bad - bad

    def add(self, pane: int, good: int, bad: int) -> None:
        """Count events in a pane, which may be earlier than the open one."""
        if pane < self.pane:
            self._add_late(pane, good, bad)
        elif pane > self.pane:
            if self.pane != NO_PANE:
                if self.panes is _NO_PANES:
                    self._begin_columns()
                self.panes.append(self.pane)
                self.totals.append(self.good)
                self.totals.append(self.bad)
            self.pane = pane
        self.good += good
        self.bad += bad

    def _begin_columns(self) -> None:
        """Have columns of its own, to be changed."""
        self.panes, self.totals = _NO_PANES[:], _NO_TOTALS[:]

    def _add_late(self, pane: int, good: int, bad: int) -> None:
        if self.panes is _NO_PANES:
            self._begin_columns()
        panes, totals = self.panes, self.totals
        at = bisect_left(panes, pane)
        if at == len(panes) or panes[at] != pane:
            panes.insert(at, pane)
            totals[2 * at + 2 : 2 * at + 2] = totals[2 * at : 2 * at + 2]
        for later in range(2 * at + 2, len(totals), 2):
            totals[later] += good
            totals[later + 1] += bad

    def counts(self, first_pane: int, end_pane: int) -> tuple[int, int]:
        """(good, bad) of the panes in [first_pane, end_pane), as far as they are not forgotten."""
        good, bad = self._totals_before(end_pane)
        earlier_good, earlier_bad = self._totals_before(first_pane)
        return good - earlier_good, bad - earlier_bad

    def bad_since(self, first_pane: int) -> bool:
        """Whether any pane from `first_pane` on holds a bad event."""
        return self.bad != self._totals_before(first_pane)[1]

    def _totals_before(self, pane: int) -> tuple[int, int]:
        if pane > self.pane:
            return self.good, self.bad
        at = 2 * bisect_left(self.panes, pane)
        return self.totals[at], self.totals[at + 1]

    def forget(self, before_pane: int) -> None:
        """Let go of panes before `before_pane`; counts of windows that start there or later do not change."""
        if self.pane < before_pane:
            self.clear()
            return
        expired = bisect_left(self.panes, before_pane)
        if expired:
            del self.panes[:expired], self.totals[: 2 * expired]
