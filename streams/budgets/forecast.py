"""When a budget will be used up, if every day to come is like the last one."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, cycle, islice

from streams.budgets.budget import Counts, score

DAY_MS = 86_400_000


def exhausted_at(target: Fraction, period: Sequence[Counts], step_ms: int, as_of_ms: int) -> int | None:
    """The first moment at which less than nothing is left; None: not within one more period.

    `period` are the counts of steps of equal length, the last of which ends at `as_of_ms`; a day is a multiple of a
    step, and the period lasts a day at least. It slides on: step by step its oldest goes, and what the same time of
    the last day brought comes in. A budget that is used up already answers `as_of_ms`.
    """
    day = DAY_MS // step_ms
    scores = [score(target, counts) for counts in period]
    changes = (new - old for new, old in zip(cycle(scores[-day:]), scores, strict=False))
    for steps, left in enumerate(accumulate(islice(changes, len(scores)), initial=sum(scores))):
        if left < 0:
            return as_of_ms + steps * step_ms
    return None
