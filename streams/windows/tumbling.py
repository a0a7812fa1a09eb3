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

NO_PANE = -1


class TumblingCounts:
    """Good and bad events per pane; a pane is numbered by its start divided by the pane length, since the epoch.

    Only panes that hold an event take room: the open (latest) one as plain attributes for the hot path,
    20 packed bytes for each earlier one. `base_good` and `base_bad` are the totals at the end of what was forgotten.
    """

    __slots__ = ("bad", "bads", "base_bad", "base_good", "good", "goods", "pane", "panes")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start anew, without a pane."""
        self.pane = NO_PANE
        self.good = 0
        self.bad = 0
        self.base_good = 0
        self.base_bad = 0
        self.panes = array("I")
        self.goods = array("Q")
        self.bads = array("Q")

    @property
    def first_pane(self) -> int:
        """The earliest pane stored, -1 without one."""
        return self.panes[0] if self.panes else self.pane

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """(pane, good, bad) of each stored pane, the earliest first."""
        good, bad = self.base_good, self.base_bad
        for pane, good_by_then, bad_by_then in zip(self.panes, self.goods, self.bads, strict=True):
            yield pane, good_by_then - good, bad_by_then - bad
            good, bad = good_by_then, bad_by_then
        if self.pane != NO_PANE:
            yield self.pane, self.good - good, self.bad - bad

    def add(self, pane: int, good: int, bad: int) -> None:
        """Count events in a pane, which may be earlier than the open one."""
        if pane < self.pane:
            self._add_late(pane, good, bad)
        elif pane > self.pane and self.pane != NO_PANE:
            self.panes.append(self.pane)
            self.goods.append(self.good)
            self.bads.append(self.bad)
        self.pane = max(pane, self.pane)
        self.good += good
        self.bad += bad

    def _add_late(self, pane: int, good: int, bad: int) -> None:
        panes, goods, bads = self.panes, self.goods, self.bads
        at = bisect_left(panes, pane)
        if at == len(panes) or panes[at] != pane:
            panes.insert(at, pane)
            goods.insert(at, goods[at - 1] if at else self.base_good)
            bads.insert(at, bads[at - 1] if at else self.base_bad)
        for later in range(at, len(panes)):
            goods[later] += good
            bads[later] += bad

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
        at = bisect_left(self.panes, pane) - 1
        return (self.goods[at], self.bads[at]) if at >= 0 else (self.base_good, self.base_bad)

    def forget(self, before_pane: int) -> None:
        """Let go of panes before `before_pane`; counts of windows that start there or later do not change."""
        if self.pane < before_pane:
            self.clear()
            return
        expired = bisect_left(self.panes, before_pane)
        if expired:
            self.base_good, self.base_bad = self.goods[expired - 1], self.bads[expired - 1]
            del self.panes[:expired], self.goods[:expired], self.bads[:expired]
