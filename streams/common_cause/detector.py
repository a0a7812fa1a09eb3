"""Common cause, minute boundary by minute boundary, in their order: what joins an incident, and what begins one.

    onset ──in an open incident's scope, <= 15 min after its latest──▶ joins it
      └─────waits 15 min──with enough others──▶ begins one──▶ takes all onsets of its apps with it

What was judged stays: an onset is spent once, whatever becomes of the incident that it went into.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from streams.common_cause.onset import WINDOW_MS, Onset
from streams.common_cause.openings import Opening, openings
from streams.common_cause.rates import Rates
from streams.common_cause.scope import Scope


@dataclass(frozen=True, slots=True)
class Session:
    """An open incident as onsets see it: they join while its scope holds them and the latest is not long ago."""

    incident: str
    scope: Scope
    first_ms: int
    latest_ms: int

    def takes(self, onset: Onset) -> bool:
        """Whether an onset joins."""
        return self.scope in onset.scopes and onset.at_ms - self.latest_ms <= WINDOW_MS


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
    open_ones = sorted(sessions, key=lambda one: (one.first_ms, one.incident))
    joined, free = [], [one for one in waiting if one.at_ms > at_ms - WINDOW_MS]
    for onset in sorted(arrived, key=lambda one: (one.at_ms, one.breach_id)):
        place = next((place for place, one in enumerate(open_ones) if one.takes(onset)), None)
        if place is None:
            free.append(onset)
            continue
        session = open_ones[place]
        open_ones[place] = replace(session, latest_ms=max(session.latest_ms, onset.at_ms))
        joined.append((session.incident, onset))
    opened = openings(at_ms, free, rates)
    spent = {one.breach_id for opening in opened for one in (*opening.onsets, *opening.others)}
    return Judged(opened, joined, [one for one in free if one.breach_id not in spent])
