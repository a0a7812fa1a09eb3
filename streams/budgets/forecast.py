"""When a budget will be used up, if every day to come is like the last one."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, compress, cycle, islice
from operator import sub

from streams.budgets.budget import Counts, score

DAY_MS = 86_400_000


def exhausted_at(target: Fraction, good: Sequence[int], bad: Sequence[int], step_ms: int, as_of_ms: int) -> int | None:
    """The first moment at which less than nothing is left; None: not within one more period.

    `good` and `bad` are the events of a period in steps of equal length, the last of which ends at `as_of_ms`; a day is
    a multiple of a step, and the period lasts a day at least. It slides on: step by step its oldest goes, and what the
    same time of the last day brought comes in. A budget that is used up already answers `as_of_ms`.
    """
    day = DAY_MS // step_ms
    each = scores(target, good, bad)
    changes = islice(map(sub, cycle(each[-day:]), each), len(each))
    left = accumulate(changes, initial=sum(each))
    steps = next((step for step, score in enumerate(left) if score < 0), None)
    return None if steps is None else as_of_ms + steps * step_ms


def scores(target: Fraction, good: Iterable[int], bad: Iterable[int]) -> list[int]:
    """Those of every step, as `budget.score`: they add up."""
    allowed, failed = target.denominator - target.numerator, target.numerator
    return [allowed * g - failed * b for g, b in zip(good, bad, strict=True)]


def lowest(
    target: Fraction,
    parts: Iterable[tuple[Sequence[int], Sequence[int]]],
    added_up: Callable[[Sequence[int]], int] = sum,
) -> int:
    """The least that scores come to as they add up, 0 at the most: good and bad events of each step, part by part.

    `added_up` is whatever adds counts up.
    """
    allowed, failed = target.denominator - target.numerator, target.numerator
    left = least = 0
    for good, bad in parts:
        begin = 0
        for step in compress(range(len(bad)), bad):  # only a failure takes anything away
            left += allowed * added_up(good[begin : step + 1]) - failed * bad[step]
            begin = step + 1
            if left < least:
                least = left
        left += allowed * added_up(good[begin:])
    return least


def losing_days(target: Fraction, days: Sequence[tuple[int, int]], last: Counts, dip: int | None = None) -> list[int]:
    """The only days, by their place, with which the budget may be used up as they go: `exhausted_at` by sums alone.

    `days` are the events of all days that the period touches, of the last one only those before now; `last` are those
    of the last 24 hours, whose scores are never below `dip` as they add up (`lowest`): None, that is not known. However
    a day's events lie within it, what is left while it goes is at least what later days leave, without all that failed
    in it, and with what days like the last one have brought.
    """
    allowed, failed = target.denominator - target.numerator, target.numerator
    each = score(target, last)
    least = -failed * last.bad if dip is None else dip
    # While a day goes, the last one has come once for each before it; or once less, where that is worse.
    come = each * (len(days) - 1 if each < 0 else len(days) - 2)
    kept, found = 0, []
    for number in range(len(days) - 1, -1, -1):
        good, bad = days[number]
        if kept + least + (come if number else 0) < failed * bad:
            found.append(number)
        kept += allowed * good - failed * bad
        come -= each
    return found[::-1]


def lost_after(left: int, coming: Sequence[int], going: Sequence[int], after: int, step: int) -> int | None:
    """After how many minutes less than nothing is left, `after` so many; None: not while these minutes go.

    `left` is what is left then, all as `budget.score`; `coming` the minutes of the last 24 hours, `going` some that
    follow each other, at most a day of them. Only every so many minutes (`step`) it is looked, as `exhausted_at` does.
    """
    first = after % len(coming)
    lefts = accumulate(map(sub, [*coming[first:], *coming[:first]], going), initial=left)
    return next((minute for minute, left in enumerate(lefts, after) if left < 0 and minute % step == 0), None)
