"""Which incidents begin at a boundary: the least probable gathering of onsets, then the next without its apps.

Work is in proportion to onsets and their scopes, however many incidents begin: a scope whose apps are taken out only
gets more probable, so it is looked at again when its turn comes.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from streams.common_cause.onset import Onset
from streams.common_cause.poisson import log_tail
from streams.common_cause.rates import Rates, unit_in
from streams.common_cause.scope import Scope

_Rank = tuple[float, int, int, bytes]


@dataclass(frozen=True, slots=True)
class Opening:
    """An incident that begins: its onsets by time, and those of its apps in other scopes (`others`)."""

    scope: Scope
    onsets: tuple[Onset, ...]
    others: tuple[Onset, ...]
    units: int
    log_p: float


class _Gathering:
    """The apps with an onset in one scope, and their units."""

    __slots__ = ("apps", "units")

    def __init__(self) -> None:
        self.apps: dict[str, str] = {}
        self.units: Counter[str] = Counter()

    def add(self, app_key: str, unit: str) -> None:
        if app_key not in self.apps:
            self.apps[app_key] = unit
            self.units[unit] += 1

    def take_out(self, app_key: str) -> None:
        unit = self.apps.pop(app_key)
        self.units[unit] -= 1
        if not self.units[unit]:
            del self.units[unit]


def openings(at_ms: int, onsets: Iterable[Onset], rates: Rates) -> list[Opening]:
    """What begins at this boundary, of the onsets in the quarter of an hour before it that no incident has yet."""
    by_app: dict[str, list[Onset]] = {}
    gatherings: dict[Scope, _Gathering] = {}
    for one in onsets:
        by_app.setdefault(one.app_key, []).append(one)
        for scope in one.scopes:
            gatherings.setdefault(scope, _Gathering()).add(one.app_key, unit_in(scope, one))
    waiting = [
        (rank, scope)
        for scope, gathering in gatherings.items()
        if (rank := _rank(scope, gathering, at_ms, rates)) is not None
    ]
    heapq.heapify(waiting)
    found = []
    while waiting:
        rank, scope = heapq.heappop(waiting)
        now = _rank(scope, gatherings[scope], at_ms, rates)
        if now is None:
            continue
        if now != rank:
            heapq.heappush(waiting, (now, scope))
            continue
        found.append(_taken(scope, rank, by_app, gatherings))
    return found


def _rank(scope: Scope, gathering: _Gathering, at_ms: int, rates: Rates) -> _Rank | None:
    """Smaller is taken earlier; None: nothing unusual."""
    units = len(gathering.units)
    if len(gathering.apps) < rates.numbers.fewest_apps:
        return None
    log_p = log_tail(rates.mean(scope, at_ms), units)
    return (log_p, units, scope.kind.rank, scope.name.encode()) if log_p <= math.log(rates.level(scope)) else None


def _taken(scope: Scope, rank: _Rank, by_app: dict[str, list[Onset]], gatherings: dict[Scope, _Gathering]) -> Opening:
    members: list[Onset] = []
    others: list[Onset] = []
    for app_key in list(gatherings[scope].apps):
        theirs = by_app.pop(app_key)
        for one in theirs:
            (members if scope in one.scopes else others).append(one)
        for touched in {touched for one in theirs for touched in one.scopes}:
            gatherings[touched].take_out(app_key)
    log_p, units, *_ = rank
    return Opening(scope, _by_time(members), _by_time(others), units, log_p)


def _by_time(onsets: Iterable[Onset]) -> tuple[Onset, ...]:
    return tuple(sorted(onsets, key=lambda one: (one.at_ms, one.breach_id)))
