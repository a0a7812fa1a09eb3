"""What counts of a window at each of its boundaries, over weeks of minutes."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from streams.history.codec import MINUTE_MS
from streams.history.minutes import Minutes
from streams.windows.hopping import Span, next_boundary

BoundaryCounts = tuple[int, int, int]
"""Boundary in epoch ms, good and bad events of the window that ends there."""


def boundary_counts(
    told: Sequence[Minutes], spans: Iterable[Span], window_ms: int, hop_ms: int, start_ms: int, end_ms: int
) -> Iterator[BoundaryCounts]:
    """At every boundary of (start, end], which the minutes cover; window and hop are whole minutes.

    `told` is what each source tells: the app's own word, where there is any in the window, replaces the host's.
    Whatever an exclusion of `spans` touches is left out, with the rest of its hop.
    """
    hop, window, first = hop_ms // MINUTE_MS, window_ms // MINUTE_MS, told[0].start
    spans = list(spans)
    sums = [_sums(one.without(spans, hop)) for one in reversed(told)]
    boundary_ms = next_boundary(start_ms, hop_ms)
    while boundary_ms <= end_ms:
        end = boundary_ms // MINUTE_MS - first
        begin = max(0, end - window)
        good = bad = 0
        for goods, bads in sums:
            good, bad = goods[end] - goods[begin], bads[end] - bads[begin]
            if good or bad:
                break
        yield boundary_ms, good, bad
        boundary_ms += hop_ms


def _sums(minutes: Minutes) -> tuple[list[int], list[int]]:
    return list(accumulate(minutes.good, initial=0)), list(accumulate(minutes.bad, initial=0))
