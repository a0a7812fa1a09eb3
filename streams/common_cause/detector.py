"""Common cause, minute boundary by minute boundary, in their order: what joins an incident, and what begins one.

    onset ──in an open incident's scope, <= 15 min after its latest──▶ joins it
      └─────waits 15 min──with enough others──▶ begins one──▶ takes all onsets of its apps with it

What was judged stays: an onset is spent once, whatever becomes of the incident that it went into.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from streams.common_cause.numbers import DAY_MS, MINUTE_MS, Numbers
from streams.common_cause.onset import Onset
from streams.common_cause.openings import Opening, openings
from streams.common_cause.rates import Rates
from streams.common_cause.resolution import Presence
from streams.common_cause.scope import Scope
from streams.short_hash import short_hash


@dataclass(frozen=True, slots=True)
class Session:
    """An open incident as onsets see it: they join while its scope holds them and the latest is not long ago."""

    incident: str
    scope: Scope
    first_ms: int
    latest_ms: int

    def takes(self, onset: Onset, window_ms: int) -> bool:
        """Whether an onset joins."""
        return self.scope in onset.scopes and onset.at_ms - self.latest_ms <= window_ms


@dataclass(frozen=True, slots=True)
class Judged:
    """What one boundary brought. `waiting` are the onsets that may still begin an incident at a later one."""

    opened: list[Opening] = field(default_factory=list)
    joined: list[tuple[str, Onset]] = field(default_factory=list)
    waiting: list[Onset] = field(default_factory=list)


def judge(
    at_ms: int, arrived: Iterable[Onset], waiting: Iterable[Onset], sessions: Sequence[Session], rates: Rates
) -> Judged:
    """Judge one boundary. `arrived` are the onsets since the one before, `waiting` those that it left over."""
    window_ms = rates.numbers.window_ms
    open_ones = sorted(sessions, key=lambda one: (one.first_ms, one.incident))
    joined, free = [], list(waiting)
    for onset in sorted(arrived, key=lambda one: (one.at_ms, one.breach_id)):
        place = next((place for place, one in enumerate(open_ones) if one.takes(onset, window_ms)), None)
        if place is None:
            free.append(onset)
            continue
        session = open_ones[place]
        open_ones[place] = replace(session, latest_ms=max(session.latest_ms, onset.at_ms))
        joined.append((session.incident, onset))
    free = [one for one in free if one.at_ms > at_ms - window_ms]
    opened = openings(at_ms, free, rates)
    spent = {one.breach_id for opening in opened for one in (*opening.onsets, *opening.others)}
    return Judged(opened, joined, [one for one in free if one.breach_id not in spent])


@dataclass(frozen=True, slots=True)
class End:
    """When a breach was over; `is_annulled`: it is as if it had never been."""

    at_ms: int
    is_annulled: bool = False


@dataclass(frozen=True, slots=True)
class Begin:
    """An onset with what is known of its breach: when it was over, and that its window is a day long or more."""

    onset: Onset
    end: End | None = None
    is_long: bool = False

    def stands(self, at_ms: int) -> bool:
        """Whether the breach is there."""
        return self.onset.at_ms <= at_ms and (self.end is None or at_ms < self.end.at_ms)

    def is_annulled(self, at_ms: int) -> bool:
        """Whether it does not count, as far as is known at a boundary."""
        return self.end is not None and self.end.is_annulled and self.end.at_ms <= at_ms


@dataclass(slots=True)
class Cause:
    """An open incident: its session, its members, how many were breached.

    `forgives`: its annulled members leave it. Of one that a person confirmed they stay: that they do not count may be
    what it was confirmed for.
    """

    session: Session
    members: list[Begin]
    presence: Presence = field(default_factory=Presence)
    forgives: bool = True

    def apps(self, at_ms: int) -> int:
        """How many apps it has."""
        return len({one.onset.app_key for one in self.members if not (self.forgives and one.is_annulled(at_ms))})

    def breached(self, at_ms: int) -> int:
        """How many of its apps are breached now."""
        return len({one.onset.app_key for one in self.members if one.stands(at_ms) and not one.is_long})

    def next_ms(self, at_ms: int, numbers: Numbers) -> float:
        """When something changes by itself after a boundary; infinity: never."""
        ends = (one.end.at_ms for one in self.members if one.end is not None and one.end.at_ms > at_ms)
        over_ms = self.presence.over_ms(numbers)
        return min([*ends, *([] if over_ms is None else [over_ms])], default=math.inf)


class What(StrEnum):
    """What happened to an incident at a boundary."""

    OPENED = "OPENED"
    GREW = "GREW"
    ANNULLED = "ANNULLED"
    OVER = "OVER"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `apps` is how many the incident has.

    `start_ms` of one that opened is its earliest breach, `ended_ms` of one that is over since when few are breached.
    """

    at_ms: int
    what: What
    incident: str
    apps: int
    opening: Opening | None = None
    start_ms: int | None = None
    ended_ms: int | None = None


class Detector:
    """Judges one boundary after the other. `causes` are the open incidents, `waiting` onsets without one.

    `rates` gives those of a UTC day by its first millisecond. `spent` has whatever went into an incident since.
    """

    def __init__(
        self,
        judged_ms: int,
        causes: Iterable[Cause],
        waiting: Iterable[Begin],
        rates: Callable[[int], Rates],
        numbers: Numbers = Numbers(),  # noqa: B008 - it is frozen
    ) -> None:
        self.judged_ms = judged_ms
        self.causes = {one.session.incident: one for one in causes}
        self._waiting = {one.onset.breach_id: one for one in waiting}
        self._rates = rates
        self._numbers = numbers
        self.spent: dict[str, tuple[str, bool]] = {}
        """Breach -> its incident, and whether it is a member of it."""

    def run(self, until_ms: int, begins: Iterable[Begin]) -> list[Happening]:
        """Judge boundaries up to one, or to the first at which something happens: `judged_ms` tells how far.

        `begins` are the onsets that were not judged yet; those after `judged_ms` still are not.
        """
        coming = sorted(begins, key=lambda one: (one.onset.at_ms, one.onset.breach_id))
        happened: list[Happening] = []
        at = 0
        while not happened and (boundary_ms := self._next(coming, at)) <= until_ms:
            arrived = []
            while at < len(coming) and coming[at].onset.at_ms <= boundary_ms:
                arrived.append(coming[at])
                at += 1
            happened += self._judge(int(boundary_ms), arrived)
            self.judged_ms = int(boundary_ms)
        if not happened:
            self.judged_ms = until_ms
        return happened

    def _next(self, coming: Sequence[Begin], at: int) -> float:
        """The next boundary at which anything can happen: silence is passed over in one step."""
        if self._waiting:
            return self.judged_ms + MINUTE_MS
        times = [cause.next_ms(self.judged_ms, self._numbers) for cause in self.causes.values()]
        if at < len(coming):
            times.append(coming[at].onset.at_ms)
        soonest = min(times, default=math.inf)
        if soonest == math.inf:
            return soonest
        return max(-(-int(soonest) // MINUTE_MS) * MINUTE_MS, self.judged_ms + MINUTE_MS)

    def _judge(self, at_ms: int, arrived: Sequence[Begin]) -> Iterator[Happening]:
        known = self._waiting | {one.onset.breach_id: one for one in arrived}
        counted = [one.onset for one in arrived if not one.is_annulled(at_ms)]
        waiting = [one.onset for one in self._waiting.values() if not one.is_annulled(at_ms)]
        judged = Judged()
        if counted or waiting:
            sessions = [cause.session for cause in self.causes.values()]
            judged = judge(at_ms, counted, waiting, sessions, self._rates(at_ms // DAY_MS * DAY_MS))
        self._waiting = {one.breach_id: known[one.breach_id] for one in judged.waiting}
        before = {name: cause.apps(at_ms - MINUTE_MS) for name, cause in self.causes.items()}
        for name, onset in judged.joined:
            cause = self.causes[name]
            cause.members.append(known[onset.breach_id])
            cause.session = replace(cause.session, latest_ms=max(cause.session.latest_ms, onset.at_ms))
            self.spent[onset.breach_id] = name, True
        for opening in judged.opened:
            yield self._opened(at_ms, opening, known)
        yield from self._grown(at_ms, before)

    def _opened(self, at_ms: int, opening: Opening, known: Mapping[str, Begin]) -> Happening:
        members = [known[one.breach_id] for one in opening.onsets]
        first_ms = min(one.onset.at_ms for one in members)
        name = cause_id(opening.scope, first_ms)
        for one in opening.onsets:
            self.spent[one.breach_id] = name, True
        for one in opening.others:
            self.spent[one.breach_id] = name, False
        latest_ms = max(one.at_ms for one in opening.onsets)
        cause = Cause(Session(name, opening.scope, first_ms, latest_ms), members)
        self.causes[name] = cause
        return Happening(at_ms, What.OPENED, name, cause.apps(at_ms), opening, first_ms)

    def _grown(self, at_ms: int, before: Mapping[str, int]) -> Iterator[Happening]:
        """What members that came, went or recovered make of each incident."""
        for name, cause in list(self.causes.items()):
            apps = cause.apps(at_ms)
            if cause.forgives and apps < self._numbers.fewest_apps:
                del self.causes[name]
                yield Happening(at_ms, What.ANNULLED, name, apps)
                continue
            if name in before and apps != before[name]:
                yield Happening(at_ms, What.GREW, name, apps)
            cause.presence = cause.presence.seen(cause.breached(at_ms), at_ms, self._numbers)
            over_ms = cause.presence.over_ms(self._numbers)
            if over_ms is not None and at_ms >= over_ms:
                del self.causes[name]
                yield Happening(at_ms, What.OVER, name, apps, ended_ms=cause.presence.quiet_since_ms)


def cause_id(scope: Scope, first_ms: int) -> str:
    """The name of an incident that was found: the same whenever the same breaches are judged again."""
    name = short_hash([scope.kind, scope.name, first_ms])
    return f"_{name[1:]}" if name.startswith("-") else name  # else it would be an option of a command
