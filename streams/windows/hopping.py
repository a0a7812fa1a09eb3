"""Hopping windows: the union of tumbling panes in [B - length, B), read at every boundary B."""

from dataclasses import dataclass
from math import gcd

from streams.windows.tumbling import TumblingCounts


@dataclass(frozen=True, slots=True)
class HoppingWindow:
    """A window of `length_ms` over panes of `pane_ms`, which divides the length and every boundary it is read at."""

    length_ms: int
    pane_ms: int

    def panes(self, boundary_ms: int) -> tuple[int, int]:
        """First pane of the window that ends at a boundary, and the pane after its last."""
        end = boundary_ms // self.pane_ms
        return end - self.length_ms // self.pane_ms, end

    def counts(self, panes: TumblingCounts, boundary_ms: int) -> tuple[int, int]:
        """(good, bad) of the window that ends at a boundary."""
        return panes.counts(*self.panes(boundary_ms))


def next_boundary(after_ms: int, hop_ms: int) -> int:
    """The first multiple of the hop later than `after_ms`."""
    return after_ms // hop_ms * hop_ms + hop_ms


def common_pane(hops_ms: list[int]) -> int:
    """The longest pane from which windows of all these hops can be read."""
    return gcd(*hops_ms)
