"""Whether what is excluded by now excuses a breach: its window, counted again without it.

The panes that an exclusion touches are left out whole, with their good events, too. So leaving out more could bring a
breach back. An exclusion must never make things worse for an app: a breach is excused if leaving out any of them
excuses it, one, some, or all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from streams.evaluation.objective import Objective

Range = tuple[int, int]
"""Panes [first, end) of a window."""


@dataclass(frozen=True, slots=True)
class Panes:
    """Good and bad events of the panes of a window, the oldest first."""

    good: Sequence[int]
    bad: Sequence[int]


def is_excused(objective: Objective, panes: Panes, excluded: Sequence[Range]) -> bool:
    """Whether a breach is none any more without the panes that are excluded, each range by one exclusion."""
    count = len(panes.good)
    left_out = {pane for first, end in excluded for pane in range(max(first, 0), min(end, count))}
    events = [good + bad for good, bad in zip(panes.good, panes.bad, strict=True)]
    if _kept(events, left_out, 0) < objective.minimum_events:
        return True
    if _may_meet(objective, panes, excluded, 0):
        return True
    if objective.short_ms is None:
        return False
    short_from = count - objective.short_ms * count // objective.window_ms
    return _kept(events, left_out, short_from) == 0 or _may_meet(objective, panes, excluded, short_from)


def _kept(events: Sequence[int], left_out: set[int], start: int) -> int:
    return sum(number for pane, number in enumerate(events) if pane >= start and pane not in left_out)


def _may_meet(objective: Objective, panes: Panes, excluded: Sequence[Range], start: int) -> bool:
    """Whether the panes from `start` on meet the objective without some of the ranges.

    What a pane spends beyond its allowance adds up over panes: below is who spends more than all of it.
    """
    allowed, whole = objective.budget.numerator, objective.budget.denominator
    spent = [
        bad * whole - allowed * (good + bad) for good, bad in zip(panes.good[start:], panes.bad[start:], strict=True)
    ]
    ranges = [(max(first - start, 0), min(end - start, len(spent))) for first, end in excluded]
    least = sum(spent) - heaviest_union([one for one in ranges if one[0] < one[1]], spent)
    return least < 0 if objective.breach_at_budget else least <= 0


def heaviest_union(ranges: Sequence[Range], weights: Sequence[int]) -> int:
    """The greatest weight that some of the ranges have together; 0 for none of them.

    Of the ranges that are taken none need lie within another. So they can be taken in the order of their ends, which
    is that of their starts, and each adds what lies behind the end of the one before.
    """
    sums = [0, *accumulate(weights)]
    in_order = sorted(set(ranges), key=lambda one: (one[1], one[0]))
    best: list[int] = []
    for at, (first, end) in enumerate(in_order):
        before = [
            best[earlier] + sums[end] - sums[max(first, its_end)]
            for earlier, (its_first, its_end) in enumerate(in_order[:at])
            if its_first < first and its_end < end
        ]
        best.append(max([sums[end] - sums[first], *before]))
    return max([0, *best])
