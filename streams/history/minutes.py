"""Counts of one series by the minute, over any stretch of time: what is left out, and whose word counts.

Iframe loads are told by the host and by the app. Where the app told anything, it counts alone: over the whole time that
is asked for up to six hours, over each quarter of an hour of the clock where it is longer, so that sums add up. What is
excluded is taken out before that is asked, as the evaluator does it: else an alert's counts would not be those here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from streams.budgets.budget import Counts
from streams.history.codec import MINUTE_MS
from streams.windows.hopping import Span

WHOLE_MINUTES: Final = 6 * 60
"""Up to so many the app's word is asked of all the time at once."""
BLOCK_MINUTES: Final = 15


@dataclass(frozen=True, slots=True)
class Minutes:
    """Good and bad events of the minutes from `start` on, in minutes since 1970; both lists are as long."""

    start: int
    good: Sequence[int]
    bad: Sequence[int]

    @property
    def end(self) -> int:
        """The minute behind the last."""
        return self.start + len(self.good)

    @property
    def counts(self) -> Counts:
        """All of them."""
        return Counts(sum(self.good), sum(self.bad))

    def between(self, start: int, end: int) -> "Minutes":
        """Those of [start, end), which lies within."""
        part = slice(start - self.start, end - self.start)
        return Minutes(start, self.good[part], self.bad[part])

    def last(self, minutes: int) -> "Minutes":
        """The last so many, or all where there are fewer."""
        return self.between(max(self.start, self.end - minutes), self.end)

    def without(self, spans: Iterable[Span], step: int = 1) -> "Minutes":
        """Nothing is left of the minutes that one of these times touches, nor of the rest of their step of minutes."""
        parts = [(max(first, self.start), min(end, self.end)) for first, end in _touched(spans, step)]
        if not any(first < end for first, end in parts):
            return self  # as of most: a month of minutes is not copied for nothing
        good, bad = list(self.good), list(self.bad)
        for first, end in parts:
            if first < end:
                part = slice(first - self.start, end - self.start)
                good[part] = bad[part] = [0] * (end - first)
        return Minutes(self.start, good, bad)

    def in_steps(self, step: int) -> tuple[list[int], list[int]]:
        """Good and bad of every so many minutes, counted back from the end; the first may be fewer."""
        return _sums(self.good, step), _sums(self.bad, step)


def chosen(told: Sequence[Minutes]) -> Minutes:
    """What counts of what the host tells and, if it tells anything, the app; both of the same time."""
    if len(told) == 1:
        return told[0]
    parts = [told[which].between(start, end) for start, end, which in choices(told)]
    return Minutes(told[0].start, [n for part in parts for n in part.good], [n for part in parts for n in part.bad])


def choices(told: Sequence[Minutes]) -> Iterator[tuple[int, int, int]]:
    """Whose word counts in which minutes [start, end): 0 the first one's, 1 the second's."""
    start, last = told[0].start, told[0].end
    is_whole = last - start <= WHOLE_MINUTES
    while start < last:
        end = last if is_whole else min(last, (start // BLOCK_MINUTES + 1) * BLOCK_MINUTES)
        by_app = [one.between(start, end) for one in told[1:]]
        yield start, end, int(any(any(one.good) or any(one.bad) for one in by_app))
        start = end


def _sums(counts: Sequence[int], step: int) -> list[int]:
    rest = len(counts) % step
    steps = zip(*[iter(counts[rest:])] * step, strict=True)  # of one iterator: it deals out step by step
    return [*([sum(counts[:rest])] if rest else []), *map(sum, steps)]


def _touched(spans: Iterable[Span], step: int) -> Iterator[tuple[int, int]]:
    """The minutes [first, end) of the steps that each of the times touches."""
    step_ms = step * MINUTE_MS
    for start_ms, end_ms in spans:
        if start_ms < end_ms:
            yield start_ms // step_ms * step, -(-end_ms // step_ms) * step
