"""The error budget of one series over one period: so many of its events may fail.

With the target t, 1 - t = a/b in lowest terms, G good and F bad events of N in all: met iff b F <= a N; a N / b may
fail, and F of these have.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

_NOTHING: Final = Fraction(0)


class Counts(NamedTuple):
    """Good and bad events of some time."""

    good: int = 0
    bad: int = 0

    @property
    def total(self) -> int:
        """All events."""
        return self.good + self.bad


@dataclass(frozen=True, slots=True)
class Budget:
    """What `counts` have left of what `target` allows; the target is a share: Fraction(99, 100) is 99 %.

    Of a period that was seen in part, the numbers are of what was seen: nothing is filled in.
    """

    target: Fraction
    counts: Counts

    @property
    def has_data(self) -> bool:
        """Whether there is anything to judge by."""
        return self.counts.total > 0

    @property
    def is_met(self) -> bool:
        """Whether no more failed than the target allows; also where nothing happened at all."""
        return self.score >= 0

    @property
    def score(self) -> int:
        """The remaining events times the denominator of what is allowed: below 0 iff the target is missed."""
        return score(self.target, self.counts)

    @property
    def allowed(self) -> Fraction:
        """How many of the events may fail."""
        return (1 - self.target) * self.counts.total

    @property
    def remaining(self) -> Fraction:
        """How many more of them may fail; below 0 once the target is missed."""
        return self.allowed - self.counts.bad

    @property
    def remaining_events(self) -> int | None:
        """Events that may still fail, rounded down to whole ones; None without data."""
        if not self.has_data:
            return None
        allowed, whole = _shares(self.target)
        return allowed * self.counts.total // whole - self.counts.bad

    @property
    def consumed(self) -> Fraction | None:
        """The share of the budget that is gone, above 1 where the target is missed.

        None where it is no number: without data, and where a target of 100 % is missed.
        """
        if not self.has_data:
            return None
        if self.counts.bad == 0:
            return _NOTHING
        allowed, whole = _shares(self.target)
        return Fraction(self.counts.bad * whole, allowed * self.counts.total) if allowed else None


def score(target: Fraction, counts: Counts) -> int:
    """a N - b F. It adds up: the score of a period is the sum of the scores of its parts."""
    allowed, whole = _shares(target)
    return allowed * (counts.good + counts.bad) - whole * counts.bad


def burn_rate(target: Fraction, counts: Counts) -> Fraction | None:
    """How many times as fast as it may the budget goes, over the time of these counts: 1 uses up just all of it.

    None where it is no number: without data, and with failures under a target of 100 %.
    """
    if counts.total == 0:
        return None
    if counts.bad == 0:
        return _NOTHING
    allowed, whole = _shares(target)
    return Fraction(counts.bad * whole, counts.total * allowed) if allowed else None


def _shares(target: Fraction) -> tuple[int, int]:
    """a and b of what may fail, in lowest terms as the target is: five times faster than to subtract it from 1."""
    met, whole = target.as_integer_ratio()
    return whole - met, whole
