"""How many begin to breach anyway: base rates of one day, from the 28 full days before it.

Frozen for the day, so that what is judged does not depend on when it is judged. Mean onsets per quarter of an hour, by
the hour of the day, in units: partners, or with a partner its apps.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Final

from streams.common_cause.numbers import DAY_MS, HOUR_MS, Numbers
from streams.common_cause.onset import Onset
from streams.common_cause.scope import Kind, Scope

DAYS: Final = 28
LEAST_MEAN: Final = 0.01
_BOUNDARIES_A_YEAR: Final = 525_600

Span = tuple[int, int]
"""[start, end) in epoch ms."""


def unit_in(scope: Scope, onset: Onset) -> str:
    """Whom an onset is counted by in a scope: breaches of one partner's apps are not independent."""
    return onset.app_key if scope.kind is Kind.PARTNER else onset.unit


class Rates:
    """Base rates of the day that begins at `day_ms`, 00:00 UTC.

    `onsets` are those of the 28 days before; others are passed over. `declared` are the times of incidents, which say
    nothing of what is usual. Data begin at `data_from_ms`; None: there are none. `units` tells how many there are in a
    scope.
    """

    def __init__(
        self,
        day_ms: int,
        onsets: Iterable[Onset],
        declared: Sequence[Span],
        data_from_ms: int | None,
        units: Callable[[Scope], int],
        numbers: Numbers = Numbers(),  # noqa: B008 - it is frozen
    ) -> None:
        self.numbers = numbers
        self._units = units
        first_day_ms = (
            day_ms if data_from_ms is None else max(-(-data_from_ms // DAY_MS) * DAY_MS, day_ms - DAYS * DAY_MS)
        )
        self._is_learnt = day_ms - first_day_ms >= numbers.learnt_after_days * DAY_MS
        usual = [
            start_ms
            for start_ms in range(first_day_ms, day_ms, numbers.window_ms)
            if not any(begin < start_ms + numbers.window_ms and start_ms < end for begin, end in declared)
        ]
        self._quarters = [0] * 24
        for start_ms in usual:
            self._quarters[_hour(start_ms)] += 1
        self._seen: dict[Scope, dict[int, int]] = {}
        recent = [one for one in onsets if day_ms - DAYS * DAY_MS <= one.at_ms < day_ms]
        self._learn(recent, set(usual))
        active = {scope for one in recent for scope in one.scopes}
        platform = sum(scope.kind.is_platform for scope in active)
        self._active = {True: max(1, platform), False: max(1, len(active) - platform)}

    def _learn(self, onsets: Sequence[Onset], usual: set[int]) -> None:
        ordered = sorted(onsets, key=lambda one: one.at_ms)
        for quarter, members in groupby(ordered, lambda one: one.at_ms // self.numbers.window_ms):
            start_ms = quarter * self.numbers.window_ms
            if start_ms not in usual:
                continue
            units: dict[Scope, set[str]] = {}
            for one in members:
                for scope in one.scopes:
                    units.setdefault(scope, set()).add(unit_in(scope, one))
            hour = _hour(start_ms)
            for scope, found in units.items():
                by_hour = self._seen.setdefault(scope, {})
                by_hour[hour] = by_hour.get(hour, 0) + len(found)

    def mean(self, scope: Scope, at_ms: int) -> float:
        """How many units are expected to begin in a quarter of an hour at this time."""
        if not self._is_learnt:
            return self._one_a_unit(scope)
        seen = self._seen.get(scope, {})
        by_hour = {
            hour: (2 * seen.get(hour, 0) + 1) / (2 * quarters)
            for hour, quarters in enumerate(self._quarters)
            if quarters
        }
        if not by_hour:  # incidents all the time
            return self._one_a_unit(scope)
        over_the_day = sum(by_hour.values()) / len(by_hour)
        return max(by_hour.get(_hour(at_ms), 0.0), over_the_day, LEAST_MEAN)

    def _one_a_unit(self, scope: Scope) -> float:
        """Each unit begins once in 28 days; whoever is not known of yet is one."""
        return max(1, self._units(scope)) * self.numbers.window_ms / (DAYS * DAY_MS)

    def level(self, scope: Scope) -> float:
        """The probability from which on it is no chance: so few wrong openings a year over all scopes of the class."""
        return self.numbers.openings_a_year / (_BOUNDARIES_A_YEAR * self._active[scope.kind.is_platform])


def _hour(at_ms: int) -> int:
    return at_ms // HOUR_MS % 24
