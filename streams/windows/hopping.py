"""Hopping windows: the union of tumbling panes in [B - length, B), read at every boundary B."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Final

PaneRange = tuple[int, int]
"""The panes in [first, end)."""
Span = tuple[int, int]
"""The time in [start, end), ms."""

LONG_AGO: Final = -(1 << 62)
"""Before every boundary, ms; also those before 1970."""
NEVER: Final = 1 << 62
"""After every boundary, ms."""


@dataclass(frozen=True, slots=True)
class HoppingWindow:
    """A window of `length_ms`, read every `hop_ms`, over panes of `pane_ms`, which divides both."""

    length_ms: int
    hop_ms: int
    pane_ms: int

    def panes(self, boundary_ms: int) -> PaneRange:
        """The panes of the window that ends at a boundary."""
        end = boundary_ms // self.pane_ms
        return end - self.length_ms // self.pane_ms, end

    def within(self, boundary_ms: int, spans: Iterable[Span]) -> Sequence[Span]:
        """The spans that touch the window: those long past and those to come are many."""
        start_ms = boundary_ms - self.length_ms
        return [span for span in spans if span[0] < boundary_ms and span[1] > start_ms]

    def without(self, boundary_ms: int, spans: Iterable[Span]) -> Sequence[PaneRange]:
        """What is left of the window, in order, when each stretch of a hop that a span touches is taken out."""
        first, end = self.panes(boundary_ms)
        per_hop = self.hop_ms // self.pane_ms
        left: list[PaneRange] = []
        for start_ms, end_ms in sorted(spans):
            if start_ms >= end_ms:
                continue
            hole_first, hole_end = start_ms // self.hop_ms * per_hop, -(-end_ms // self.hop_ms) * per_hop
            if hole_first > first:
                left.append((first, min(hole_first, end)))
            first = max(first, hole_end)
            if first >= end:
                return left
        return [*left, (first, end)]


def next_boundary(after_ms: int, hop_ms: int) -> int:
    """The first multiple of the hop later than `after_ms`."""
    return after_ms // hop_ms * hop_ms + hop_ms


def common_pane(hops_ms: list[int]) -> int:
    """The longest pane from which windows of all these hops can be read."""
    return gcd(*hops_ms)
