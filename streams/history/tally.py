"""What was counted of one series since the last commit: events by minute, and latencies by five minutes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from streams.history.codec import DAY_MINUTES, HOUR_MINUTES
from streams.history.latency import DAY_SLOTS, place_in

DAY_HOURS: Final = 24
_DAY_PLACES: Final = place_in(DAY_SLOTS, 0) - place_in(0, 0)
_NOWHEN: Final = -1
_NONE: Final[dict[int, Any]] = {}


class SeriesKey(NamedTuple):
    """One series and where its events came from: `HOST` and `APP` of iframes, `PROD` of all others, `group:DFR`."""

    app_key: str
    metric: str
    scope: str
    source: str


class Tally:
    """Counts of one series. `minute` is the one that is being counted, in minutes since 1970.

    `latencies` are events by slot of five minutes since 1970 and bucket, in one number (`latency.place_in`); `late` are
    those that came once their minute was complete, by hour since 1970. What few series have between two commits is
    made when it is wanted: there may be as many series as events.
    """

    __slots__ = ("_others", "bad", "good", "late", "latencies", "minute")

    def __init__(self) -> None:
        self.minute = _NOWHEN
        self.good = 0
        self.bad = 0
        self.latencies: dict[int, int] = {}
        self.late: dict[int, int] = _NONE
        self._others: dict[int, tuple[int, int]] = _NONE

    def turn_to(self, minute: int) -> None:
        """Count on in another minute, which may have been counted before."""
        if self.minute != _NOWHEN:
            self._others = self._others or {}
            self._others[self.minute] = self.good, self.bad
            self.good, self.bad = self._others.pop(minute, (0, 0))
        self.minute = minute

    def count_late(self, minute: int) -> None:
        """One of the events of a minute came once that was complete."""
        self.late = self.late or {}
        hour = minute // HOUR_MINUTES
        self.late[hour] = self.late.get(hour, 0) + 1

    def absorb(self, other: "Tally") -> None:
        """Count what another one has counted, too."""
        for minute, (good, bad) in other.minutes.items():
            self.turn_to(minute)
            self.good += good
            self.bad += bad
        _add(self.latencies, other.latencies)
        if other.late:
            self.late = self.late or {}
            _add(self.late, other.late)

    @property
    def minutes(self) -> Mapping[int, tuple[int, int]]:
        """Minute since 1970 -> good and bad events."""
        return {**self._others, self.minute: (self.good, self.bad)}

    @property
    def first_minute(self) -> int:
        """Of its first event, in minutes since 1970."""
        return min(self.minute, *self._others) if self._others else self.minute

    @property
    def has_failures(self) -> bool:
        """Whether any event was bad."""
        return self.bad > 0 or any(bad for _, bad in self._others.values())

    def by_day(self) -> dict[int, dict[int, tuple[int, int]]]:
        """Day since 1970 -> minute of the day -> good and bad events."""
        if not self._others:
            day, of_day = divmod(self.minute, DAY_MINUTES)
            return {day: {of_day: (self.good, self.bad)}}
        days: dict[int, dict[int, tuple[int, int]]] = {}
        for minute, counts in self.minutes.items():
            day, of_day = divmod(minute, DAY_MINUTES)
            days.setdefault(day, {})[of_day] = counts
        return days

    def latencies_by_day(self) -> dict[int, dict[int, int]]:
        """Day since 1970 -> slot of the day and bucket, in one number -> events."""
        days: dict[int, dict[int, int]] = {}
        for place, count in self.latencies.items():
            day, of_day = divmod(place, _DAY_PLACES)
            days.setdefault(day, {})[of_day] = count
        return days

    def late_by_day(self) -> dict[int, list[int]]:
        """Day since 1970 -> late events of each of its hours."""
        days: dict[int, list[int]] = {}
        for hour, count in self.late.items():
            day, of_day = divmod(hour, DAY_HOURS)
            days.setdefault(day, [0] * DAY_HOURS)[of_day] = count
        return days


def _add(ours: dict[int, int], theirs: Mapping[int, int]) -> None:
    for place, count in theirs.items():
        ours[place] = ours.get(place, 0) + count


Tallies = Mapping[SeriesKey, Tally]


class Cut(NamedTuple):
    """What was counted until boundaries came due: those in (after_ms, to_ms]."""

    tallies: Tallies
    after_ms: int
    to_ms: int


class Counted(NamedTuple):
    """What a partition has counted since its last commit: up to each of the cuts, and after the last."""

    cuts: Sequence[Cut]
    rest: Tallies

    @property
    def all(self) -> Tallies:
        """What was counted in all."""
        if not self.cuts:
            return self.rest
        found: dict[SeriesKey, Tally] = {}
        for tallies in (*(cut.tallies for cut in self.cuts), self.rest):
            for key, tally in tallies.items():
                found.setdefault(key, Tally()).absorb(tally)
        return found
