"""When a budget will be used up, if every day to come is like the last one."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, cycle, islice
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
    allowed, whole = (1 - target).numerator, (1 - target).denominator
    scores = [allowed * (g + b) - whole * b for g, b in zip(good, bad, strict=True)]  # as `budget.score`: they add up
    changes = islice(map(sub, cycle(scores[-day:]), scores), len(scores))
    left = accumulate(changes, initial=sum(scores))
    steps = next((step for step, score in enumerate(left) if score < 0), None)
    return None if steps is None else as_of_ms + steps * step_ms


def never_runs_out(target: Fraction, days: Sequence[Counts], last: Counts) -> bool:
    """Whether `exhausted_at` would say never, told by the sums of days alone; False: it takes a closer look.

    `days` are the events of all days that the period touches, of the last one only those before now; `last` are those
    of the last 24 hours. However a day's events lie within it, what is left while it goes is at least what later days
    leave, without all that failed in it, and with what whole days like the last one have brought.
    """
    each, failed = score(target, last), target.denominator
    kept = 0
    for number, day in reversed(list(enumerate(days))):
        if each < 0 or kept + max(0, number - 1) * each - failed * (day.bad + last.bad) < 0:
            return False
        kept += score(target, day)
    return True
