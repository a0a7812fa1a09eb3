"""The engine of one metric in one partition: events and ticks in, transitions out. Pure: time is an argument.

Order is by the watermark alone. An event that moves the watermark past a boundary plus the allowed lateness makes that
boundary due, in the middle of a chunk too; so chunk borders, restarts and workers change nothing.
"""

from collections import deque
from collections.abc import Container, Iterator, Sequence

from streams.evaluation.boundary import Boundary
from streams.evaluation.exclusions import Exclusions
from streams.evaluation.knowledge import Knowledge
from streams.evaluation.listings import Listings
from streams.evaluation.objective import Objective, Silence
from streams.evaluation.progress import Progress, added_since, pane_for
from streams.evaluation.quiet import Quiet
from streams.evaluation.series import Series, SeriesKey
from streams.evaluation.store import SERIES_A_STEP, SeriesStore
from streams.evaluation.transition import AT_REST, ObjectiveState, Transition
from streams.windows.hopping import LONG_AGO, NEVER, next_boundary
from streams.windows.tumbling import NO_PANE, TumblingCounts


class Evaluator:
    """Judges one metric in one partition.

    `streams.intake.admission` counts what arrived in its `series`, each event in a pane of `pane_ms`. Tell it what time
    it is (`advance`), and take out `take_transitions` and `take_dirty`. `seen_ms` is the greatest time seen: from
    `due_ms` on a boundary can be judged. An event before `floor_ms` is too late for all that are left. `latest_ms` is
    the greatest timestamp of an accepted record. `newly_judged` names the objectives that were added to what was
    stored: somebody else may have judged them before, and left a breach open to `take_up`.
    """

    def __init__(
        self,
        objectives: Sequence[Objective],
        lateness_ms: int,
        stored: Progress | None = None,
        series: SeriesStore | None = None,
        exclusions: Exclusions | None = None,
        listings: Listings | None = None,
        others: Container[str] = (),
    ) -> None:
        """`objectives` are those of one metric; `stored` and `series` come from an earlier owner of the partition, and
        `series` becomes the evaluator's own.

        `exclusions` and `listings` may be added to at any time; each version acts by its timestamp. `others` names
        objectives that somebody else judges: what is stored of them is dropped without an alert.

        Raises:
            PanesDoNotFitError: the stored panes cannot serve the objectives.
        """
        names = {objective.name for objective in objectives}
        left = [old for old in (stored.objectives if stored else ()) if old.name not in names]
        self._retired = [old for old in left if old.name not in others]
        self._active = list(objectives)
        self.newly_judged = names - {old.name for old in stored.objectives} if stored else set[str]()
        self._added_ms = added_since(stored, objectives)
        self._lateness_ms = lateness_ms
        self.pane_ms = pane_for(objectives, stored)
        self._longest_ms = max((objective.window_ms for objective in objectives), default=0)
        self.seen_ms = stored.watermark_ms if stored else LONG_AGO
        self.latest_ms = stored.latest_ms if stored else LONG_AGO
        self._has_accepted = stored is not None
        self._judged_ms = stored.judged_ms if stored else LONG_AGO
        self.series = SeriesStore() if series is None else series
        self._drop([old.name for old in left if old.name in others])
        metric = next((objective.metric for objective in (*objectives, *self._retired)), "")
        self._knowledge = Knowledge(metric, lateness_ms, exclusions, listings)
        self._transitions: list[Transition] = []
        self._latest_pane = NO_PANE
        self._schedule()

    # What came in

    def turn_to(self, series: Series, panes: TumblingCounts, pane: int, bad: int) -> None:
        """Count an event in another pane of a series than the open one: a new one, or an earlier one."""
        if len(panes.panes) > self._most_panes:
            panes.forget((self._next_ms - self._kept_ms) // self.pane_ms)
        if pane == self._latest_pane:
            pane = self._latest_pane  # one number for all series: the next look at it is in the CPU's cache
        elif pane > self._latest_pane:
            self._latest_pane = pane
        panes.add(pane, 1 - bad, bad)
        if not series.is_fading:
            self.series.fade_later(series)

    def accept_without_time(self) -> None:
        """Note that a record without a Kafka timestamp was accepted: a partition may have no others to begin with."""
        self._has_accepted = True

    def advance(self, to_ms: int) -> None:
        """Move the watermark to `to_ms`, never back, and judge every boundary that comes due, in order."""
        deque(self.advancing(to_ms), maxlen=0)

    def advancing(self, to_ms: int) -> Iterator[None]:
        """The same in steps of some milliseconds. Between them nothing may be taken out, nor anything else be done."""
        if self._judged_ms == LONG_AGO:
            self._judged_ms = to_ms - self._lateness_ms
            self._schedule()
            self._let_go(max((self._judged_ms // hop_ms * hop_ms for hop_ms in self._hops_ms), default=LONG_AGO))
        self.seen_ms = max(self.seen_ms, to_ms)
        last_due_ms = self.seen_ms - self._lateness_ms
        while self._next_ms <= last_due_ms:
            yield from self._judging(self._next_that_matters(last_due_ms))

    def _next_that_matters(self, last_due_ms: int) -> int:
        """The next boundary; after a long silence, or with nothing to watch, the first that can change something."""
        if self._retired or (self.series.watched and last_due_ms - self._next_ms <= self._longest_ms):
            return self._next_ms
        holds_ms = {one.name: one.hold_for_ms for one in self._active if one.silence is Silence.HOLD}
        quiet = Quiet(self._judged_ms, self._longest_ms, self.pane_ms, holds_ms, self._knowledge.at(self._judged_ms))
        ends_ms = min(map(quiet.ends_ms, self.series.watched), default=NEVER)
        before = min(ends_ms, last_due_ms - max(self._hops_ms)) - 1
        return max(self._next_ms, min(next_boundary(before, hop_ms) for hop_ms in self._hops_ms))

    # What comes out

    @property
    def watermark_ms(self) -> int | None:
        """Greatest time seen; None before the first accepted record: then nothing is judged."""
        return None if self.seen_ms == LONG_AGO else self.seen_ms

    @property
    def has_objectives(self) -> bool:
        """Whether anything is judged, so that events count."""
        return bool(self._active)

    @property
    def can_tick(self) -> bool:
        """Whether the clock may judge: once anything was accepted, also what does not tell the time itself."""
        return self._has_accepted or self.seen_ms != LONG_AGO

    def is_due(self, at_ms: int) -> bool:
        """Whether a boundary could be judged if the watermark came up to this time."""
        return self._judged_ms == LONG_AGO or at_ms >= self.due_ms

    @property
    def progress(self) -> Progress | None:
        """What has to be stored beside the series; None before the first accepted record."""
        if not self.can_tick:
            return None
        judged_ms = self._judged_ms
        if not self._hops_ms and judged_ms != LONG_AGO:
            # Nothing is judged, but time goes on: an objective that is added later starts from then. By whole panes,
            # as its boundaries will be: progress that moves is progress to store.
            judged_ms = (self.seen_ms - self._lateness_ms) // self.pane_ms * self.pane_ms
        return Progress(
            self.seen_ms, judged_ms, self.pane_ms, (*self._active, *self._retired), self.latest_ms, self._added_ms
        )

    @property
    def dirty_count(self) -> int:
        """Series that `take_dirty` would give."""
        return len(self.series.dirty)

    def take_transitions(self) -> list[Transition]:
        """Transitions since the last call, in order."""
        taken, self._transitions = self._transitions, []
        return taken

    def take_dirty(self) -> list[Series]:
        """Series changed since the last call, in their order; an idle one was dropped."""
        return self.series.take_dirty()

    # Boundaries

    def _schedule(self) -> None:
        """Work out what is next from what has been judged."""
        standing = (*self._active, *self._retired)
        self._hops_ms = {objective.hop_ms for objective in standing}
        self._kept_ms = max((objective.window_ms for objective in standing), default=0)
        self._most_panes = self._kept_ms // self.pane_ms + 1
        self._next_ms = min((next_boundary(self._judged_ms, hop_ms) for hop_ms in self._hops_ms), default=NEVER)
        is_started = self._judged_ms != LONG_AGO
        self.due_ms = self._next_ms + self._lateness_ms if is_started else LONG_AGO
        self.floor_ms = self._next_ms - self._longest_ms if is_started and self._active else LONG_AGO

    def _judging(self, boundary_ms: int) -> Iterator[None]:
        known = self._knowledge.at(boundary_ms)
        boundary = Boundary.at(boundary_ms, self._active, self._retired, self.pane_ms, known, self._added_ms)
        transitions: list[Transition] = []
        for number, series in enumerate(self.series.watched, 1):
            if boundary.judge(series, transitions):
                self.series.mark_dirty(series)
            if not number % SERIES_A_STEP:
                yield
        yield
        transitions.sort(key=lambda transition: transition.order)
        yield
        self._transitions += transitions
        self._retired = [objective for objective in self._retired if boundary_ms % objective.hop_ms]
        self._judged_ms = boundary_ms
        self._schedule()
        self._let_go(boundary_ms)

    def _let_go(self, boundary_ms: int) -> None:
        """Forget the series that no boundary after this one can see."""
        self.series.let_go((boundary_ms - self._kept_ms) // self.pane_ms)

    # Objectives that are judged elsewhere

    def _drop(self, names: Sequence[str]) -> None:
        for series in list(self.series.values()) if names else ():
            if any(name in series.states for name in names):
                for name in names:
                    series.put(name, AT_REST)
                self.series.mark_dirty(series)
                self.series.drop_if_idle(series)

    def take_up(self, key: SeriesKey, objective: str, breached_at_ms: int) -> None:
        """Go on with a breach that another judge of the objective left open."""
        series = self.series.get(key)
        if series is None:
            series = self.series.new(*key)
        series.put(objective, ObjectiveState(breached_at_ms))
        self.series.mark_dirty(series)
        if not series.is_watched:
            self.series.watch(series)
