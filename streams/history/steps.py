"""Counts of one series in steps of a minute to a day, with its latencies: what a chart shows."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from streams.budgets.budget import Counts
from streams.history.codec import MINUTE_MS
from streams.history.latency import SLOT_MS, Slots, first_place, percentiles, slot_and_bucket
from streams.history.minutes import Minutes, choices, chosen
from streams.history.reading import DaySum
from streams.windows.hopping import Span

STEPS_S: Final = (60, 300, 3_600, 86_400)
PERCENTS: Final = (50, 90, 99)
_SLOT_MINUTES: Final = SLOT_MS // MINUTE_MS


@dataclass(frozen=True, slots=True)
class Steps:
    """Events of each step: `good` and `bad` count, `excluded` do not.

    `percentiles` are latencies in ms by percent, of all events of those who counted in the step; None without any, and
    where a step is shorter than the five minutes that latencies are kept by.
    """

    start: int
    step: int
    good: list[int]
    bad: list[int]
    excluded: list[int]
    percentiles: dict[int, list[float | None]]

    def after(self, days: Sequence[DaySum]) -> "Steps":
        """The same with days before them, of which nothing but sums is known."""
        if not days:
            return self
        return Steps(
            self.start - len(days) * self.step,
            self.step,
            [*(one.all.good for one in days), *self.good],
            [*(one.all.bad for one in days), *self.bad],
            [*(one.excluded for one in days), *self.excluded],
            {percent: [*(None for _ in days), *found] for percent, found in self.percentiles.items()},
        )


def chosen_day(told: Iterable[DaySum | None]) -> DaySum:
    """What counts of a day of which sums are all that is known: what was settled, else all that the last one tells."""
    days = [one for one in told if one is not None and one.all.total]
    settled = [one.counted for one in days if one.counted is not None]
    if settled:
        counts = Counts(sum(one.good for one in settled), sum(one.bad for one in settled))
        return DaySum(counts, counts, sum(one.excluded for one in days))
    return days[-1] if days else DaySum(Counts())


def in_steps(told: Sequence[Minutes], latencies: Sequence[Slots], spans: Iterable[Span], step: int) -> Steps:
    """Steps of so many minutes; the minutes begin and end with one. `spans` is the time that is excluded.

    Latencies are by slots since 1970.
    """
    spans = list(spans)
    left = [one.without(spans) for one in told]
    good, bad = chosen(left).in_steps(step)
    of_steps = [percentiles(one, PERCENTS) for one in histograms(left, latencies, step)]
    by_percent = {percent: [one[at] for one in of_steps] for at, percent in enumerate(PERCENTS)}
    return Steps(told[0].start, step, good, bad, excluded_in_steps(told, spans, step), by_percent)


def excluded_in_steps(told: Sequence[Minutes], spans: Iterable[Span], step: int) -> list[int]:
    """Events that do not count, of the steps of `Minutes.in_steps`."""
    whole = chosen(told)
    kept = whole.without(spans)
    if kept is whole:
        return [0] * -(-len(whole.good) // step)
    good, bad = whole.in_steps(step)
    return [g + b - kept_g - kept_b for g, b, kept_g, kept_b in zip(good, bad, *kept.in_steps(step), strict=True)]


def histograms(left: Sequence[Minutes], latencies: Sequence[Slots], step: int) -> list[Counter[int]]:
    """Latencies of each step, of those whose word counts in it by what is `left`: events by bucket.

    The minutes begin and end with a slot of latencies, and hold whole steps.
    """
    start, end = left[0].start, left[0].end
    found = [Counter[int]() for _ in range(start, end, step)]
    if step < _SLOT_MINUTES:
        return found
    places = [sorted(one) for one in latencies]
    for first, last, which in choices(left):
        some, counts = places[which], latencies[which]
        edges = (bisect_left(some, first_place(-(-minute // _SLOT_MINUTES))) for minute in (first, last))
        for place in some[slice(*edges)]:
            slot, bucket = slot_and_bucket(place)
            of_step = found[(slot * _SLOT_MINUTES - start) // step]
            of_step[bucket] = of_step.get(bucket, 0) + counts[place]
    return found
