"""What was counted of one series since the last commit: events by minute, and latencies by five minutes."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from streams.history.codec import DAY_MINUTES
from streams.history.latency import DAY_SLOTS, place_in

DAY_HOURS: Final = 24
_DAY_PLACES: Final = place_in(DAY_SLOTS, 0) - place_in(0, 0)
_NOWHEN: Final = -1


class SeriesKey(NamedTuple):
    """One series and where its events came from: `HOST` and `APP` of iframes, `PROD` of all others, `group:DFR`."""

    app_key: str
    metric: str
    scope: str
    source: str


class Tally:
    """Counts of one series. `minute` is the one that is being counted, in minutes since 1970.

    `latencies` are events by slot of five minutes since 1970 and bucket, in one number (`latency.place_in`); `late` are
    those that came once their minute was complete, by hour since 1970.
    """

    __slots__ = ("_minutes", "bad", "good", "late", "latencies", "minute")

    def __init__(self) -> None:
        self.minute = _NOWHEN
        self.good = 0
        self.bad = 0
        self.latencies: dict[int, int] = {}
        self.late: dict[int, int] = {}
        self._minutes: dict[int, tuple[int, int]] = {}

    def turn_to(self, minute: int) -> None:
        """Count on in another minute, which may have been counted before."""
        if self.minute != _NOWHEN:
            self._minutes[self.minute] = (self.good, self.bad)
        self.minute = minute
        self.good, self.bad = self._minutes.get(minute, (0, 0))

    def absorb(self, other: "Tally") -> None:
        """Count what another one has counted, too."""
        for tally in (self, other):
            tally.turn_to(_NOWHEN)
        for minute, (good, bad) in other._minutes.items():
            counted_good, counted_bad = self._minutes.get(minute, (0, 0))
            self._minutes[minute] = counted_good + good, counted_bad + bad
        for ours, theirs in ((self.latencies, other.latencies), (self.late, other.late)):
            for place, count in theirs.items():
                ours[place] = ours.get(place, 0) + count

    @property
    def has_failures(self) -> bool:
        """Whether any event was bad."""
        return self.bad > 0 or any(bad for _, bad in self._minutes.values())

    def by_day(self) -> dict[int, dict[int, tuple[int, int]]]:
        """Day since 1970 -> minute of the day -> good and bad events."""
        self.turn_to(_NOWHEN)
        days: dict[int, dict[int, tuple[int, int]]] = {}
        for minute, counts in self._minutes.items():
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
