"""Judging what history judges: long policies and budget levels, by the evaluator's own rules over the stored counts.

It keeps nothing in memory: a commit in which boundaries came due reads the states and the sums of those series that
could change, adds what it has counted itself, boundary by boundary, and writes where they stand then. So whatever is
tried again, or was restored, is judged by what is stored.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

import orjson

from streams.compact import compact_json
from streams.database.patient import Connection
from streams.evaluation.boundary import Boundary
from streams.evaluation.budget_level import BudgetLevel
from streams.evaluation.exclusions import Exclusions
from streams.evaluation.judged import SeriesKey
from streams.evaluation.knowledge import Knowledge
from streams.evaluation.listings import Listings
from streams.evaluation.objective import Objective
from streams.evaluation.transition import Kind, Transition
from streams.history import tally
from streams.history.boundaries import boundaries
from streams.history.codec import MINUTE_MS
from streams.history.screening import Place, could_breach
from streams.history.sources import counting_sources
from streams.history.stored_states import StateKey, StoredState, StoredStates
from streams.history.sum_reading import DAY_MS, Wanted, edge_days, find_series, read_sums
from streams.history.sums import SeriesSums, SourceSums
from streams.history.tally import Cut, Tallies
from streams.kafka.placement import partition_of
from streams.outlet.alert import alert_document, retired_document
from streams.reference.catalogue import AppDetails
from streams.settings import PartitionerName
from streams.turn import Turn
from streams.windows.hopping import NEVER

RETIRED_HOP_MS: Final = 300_000
"""An objective that is gone does not say how often it was judged."""
COVERED_MS: Final = 86_400_000
"""A budget level is judged once so much of its period was seen, or all of a shorter one."""
_MOST_DUE: Final = 288  # with more boundaries than a day has, all days are read


class Order(NamedTuple):
    """Alerts of a partition are published in this order."""

    boundary_ms: int
    metric: str
    app_key: str
    scope: str
    objective: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What is judged here of one metric: policies and levels; `elsewhere` names those that a worker judges."""

    objectives: Sequence[Objective]
    elsewhere: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """Of those that are judged here."""
        return frozenset(one.name for one in self.objectives)

    def covered(self, covered_ms: int) -> Sequence[Objective]:
        """Those that are judged of a series that was seen for so long."""
        if covered_ms >= COVERED_MS:
            return self.objectives
        return [
            one
            for one in self.objectives
            if not isinstance(one, BudgetLevel) or covered_ms >= min(COVERED_MS, one.window_ms)
        ]

    @property
    def hops_ms(self) -> set[int]:
        """How often they are judged; without any, when what is left of others recovers."""
        return {one.hop_ms for one in self.objectives} or {RETIRED_HOP_MS}


@dataclass(slots=True)
class _Course:
    """What a commit's boundaries bring about: alerts, and states that have changed."""

    alerts: list[tuple[Order, bytes]] = field(default_factory=list)
    breaches: dict[StateKey, bytes] = field(default_factory=dict)


class Judging:
    """The judge of one input partition, of so many `partitions`. `details` names an app as it is called."""

    def __init__(
        self,
        states: StoredStates,
        rules: Rules,
        lateness_ms: int,
        partitioner: PartitionerName,
        exclusions: Exclusions,
        listings: Listings,
        details: Callable[[str], AppDetails],
    ) -> None:
        self.states = states
        self.rules = rules
        self.partitions = 1
        self.told_ms: Mapping[StateKey, int] = {}
        """Up to when alerts tell of a series under an objective, where that is later than anything is judged here."""
        self._partitioner = partitioner
        self._metric = states.metric
        self._knowledge = Knowledge(states.metric, lateness_ms, exclusions, listings)
        self._exclusions = exclusions
        self._details = details

    async def judge(self, connection: Connection, cuts: Sequence[Cut]) -> None:
        """Judge the boundaries that came due, before what was counted is added to what is stored."""
        _, last_seq = await self.states.judged(connection)
        before = await self.open_states(connection)
        course = _Course()
        self._leave(before, cuts[0].after_ms, course)
        series = await self._candidates(connection, cuts, before) if self.rules.objectives else {}
        metric, sources, turn = self._metric, counting_sources(self._metric), Turn()
        for cut in cuts:
            for key, sums in series.items():
                sums.add([cut.tallies.get(tally.SeriesKey(key[0], metric, key[1], source)) for source in sources])
            after_ms, failing = cut.after_ms, sorted({day for one in series.values() for day in one.failing_days})
            while series and after_ms < cut.to_ms:
                if not any(one.states for one in series.values()):
                    after_ms = self._before_a_failure(after_ms, failing)
                at_ms = next(boundaries(self.rules.hops_ms, after_ms, cut.to_ms), None)
                if at_ms is None:
                    break
                self._judge_at(at_ms, series.values(), course)
                after_ms = at_ms
                await turn.give_way()
        alerts = [alert for _, alert in sorted(course.alerts)]
        await self.states.publish(connection, alerts, last_seq)
        await self.states.put(connection, _changes(before, series, course))
        await self.states.note_judged(connection, cuts[-1].to_ms, last_seq + len(alerts))

    def is_ours(self, app_key: str) -> bool:
        """Whether the app's series are judged here."""
        here: int = self.states.tp.partition
        return partition_of(app_key.encode(), self.partitions, self._partitioner) == here

    async def open_states(self, connection: Connection) -> dict[StateKey, StoredState]:
        """Where the apps of this partition stand; at rest where nothing is told."""
        found = await self.states.read(connection)
        return {key: one for key, one in found.items() if self.is_ours(key[0][0])}

    # Objectives that are gone

    def _leave(self, before: Mapping[StateKey, StoredState], after_ms: int, course: _Course) -> None:
        """What nobody judges any more recovers; what a worker judges now is dropped, and goes on there."""
        at_ms = next(boundaries(self.rules.hops_ms, after_ms, NEVER))
        for key, stored in before.items():
            (app_key, scope), objective = key
            if objective in self.rules.names:
                continue
            if objective not in self.rules.elsewhere and stored.breach is not None:
                document = retired_document(orjson.loads(stored.breach), at_ms)
                order = Order(at_ms, self._metric, app_key, scope, objective)
                course.alerts.append((order, compact_json(document)))

    # Series that can change

    async def _candidates(
        self, connection: Connection, cuts: Sequence[Cut], before: Mapping[StateKey, StoredState]
    ) -> dict[SeriesKey, SeriesSums]:
        first_ms, last_ms = cuts[0].after_ms, cuts[-1].to_ms
        known = [self._knowledge.at(at_ms).exclusions for at_ms in (first_ms, last_ms)]
        place = Place(self._metric, self.states.tp.partition, self.partitions)
        keys = await could_breach(connection, place, self.rules.objectives, first_ms, last_ms, known)
        keys |= {key for key, _ in before}
        keys |= {key for cut in cuts for key in self._failing(cut.tallies)}
        stored = await find_series(connection, self._metric, sorted(keys))
        found = await read_sums(connection, self._metric, stored, self._wanted(first_ms, last_ms))
        for key in keys - found.keys():
            found[key] = SeriesSums(*key, NEVER, [SourceSums() for _ in counting_sources(self._metric)])
        for (key, objective), one in before.items():
            if objective in self.rules.names:
                found[key].put(objective, one.state)
        return found

    def _failing(self, tallies: Tallies) -> Iterator[SeriesKey]:
        sources = counting_sources(self._metric)
        for key, counted in tallies.items():
            if key.source in sources and counted.has_failures and self.is_ours(key.app_key):
                yield key.app_key, key.scope

    def _wanted(self, first_ms: int, last_ms: int) -> Wanted:
        objectives, hops_ms = self.rules.objectives, self.rules.hops_ms
        start_ms = first_ms - max(one.window_ms for one in objectives)
        first_day, last_day = start_ms // DAY_MS, last_ms // DAY_MS
        due = list(islice(boundaries(hops_ms, first_ms, last_ms), _MOST_DUE))
        if len(due) == _MOST_DUE:
            return Wanted(first_day, last_day, frozenset(range(first_day, last_day + 1)), {})
        lengths_ms = {0} | {ms for one in objectives for ms in (one.window_ms, one.short_ms) if ms}
        days = {(at_ms - length_ms) // DAY_MS for at_ms in due for length_ms in lengths_ms}
        by_app: dict[str, set[int]] = {}
        for one in self._exclusions.ever():
            if one.metric in (None, self._metric) and one.span[0] < last_ms and one.span[1] > start_ms:
                touched = days if one.app_key is None else by_app.setdefault(one.app_key, set())
                touched |= edge_days(one.span, {MINUTE_MS, *hops_ms})
        return Wanted(first_day, last_day, days, by_app)

    # A boundary

    def _judge_at(self, at_ms: int, series: Iterable[SeriesSums], course: _Course) -> None:
        known = self._knowledge.at(at_ms)
        transitions: list[Transition] = []

        def boundary(objectives: Sequence[Objective]) -> Boundary:
            return Boundary.at(at_ms, objectives, (), MINUTE_MS, known, {})

        of_all = boundary(self.rules.objectives)
        for one in series:
            judged = self._judged(one, at_ms)
            (of_all if judged is self.rules.objectives else boundary(judged)).judge(one, transitions)
        for transition in transitions:
            self._note(transition, course)

    def _judged(self, one: SeriesSums, at_ms: int) -> Sequence[Objective]:
        """What a series is judged by at a boundary: not by what a worker has told of it, who judged that before."""
        covered = self.rules.covered(at_ms - one.first_minute * MINUTE_MS)
        left = (
            [it for it in covered if self.told_ms.get((one.key, it.name), -NEVER) < at_ms] if self.told_ms else covered
        )
        return left if len(left) < len(covered) else covered

    def _note(self, transition: Transition, course: _Course) -> None:
        alert = compact_json(alert_document(transition, self._details(transition.app_key)))
        course.alerts.append((Order(*transition.order), alert))
        if transition.kind is Kind.BREACH:
            course.breaches[(transition.app_key, transition.scope), transition.objective.name] = alert

    def _before_a_failure(self, after_ms: int, failing: Sequence[int]) -> int:
        """After when the next boundary may be one at which something changes, where all is at rest.

        `failing` are the days with a bad event. A gap of years has hundreds of thousands of boundaries.
        """
        longest_ms = max(one.window_ms for one in self.rules.objectives)
        at = bisect_left(failing, (after_ms - longest_ms) // DAY_MS)
        return max(after_ms, failing[at] * DAY_MS - 1) if at < len(failing) else NEVER


def _changes(
    before: Mapping[StateKey, StoredState], series: Mapping[SeriesKey, SeriesSums], course: _Course
) -> dict[StateKey, StoredState | None]:
    """What to write: None where it came to rest, or is judged here no more."""
    changes: dict[StateKey, StoredState | None] = dict.fromkeys(before)
    for key, one in series.items():
        for objective, state in one.states.items():
            at = (key, objective)
            stored = before.get(at)
            breach = course.breaches.get(at, stored and stored.breach)
            after = StoredState(state, None if state.breached_at_ms is None else breach)
            if after == stored:
                del changes[at]
            else:
                changes[at] = after
    return changes
