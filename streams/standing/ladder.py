"""The ladder: where an app stands at a time, and how it came there.

    CLEAR ──n >= 1──▶ NOTIFIED ──n >= 3──▶ REMEDIATION ──28 d, and again──▶ DEMOTION_DUE ──approved──▶ DEMOTED
      ▲◀── n = 0 ────────┘  └─────────── target missed twice running ───────────▲  │ rejected             │
      ▲◀── 28 d, n = 0 ──────────────────────────┘ ◀───────────────────────────────┘                      │
      └◀── n = 0, targets met, reinstated ────────────────────────────────────────────────────────────────┘

n(T) is the number of counted episodes in (T - 28 d, T]. Notification, remediation and demotion are the programme's;
all numbers are ours. It is run from nothing over all facts: nothing that was computed before is ever an input.

A person approves only what is due. Where a fact that came late says that it was not, the app stays demoted, and the
history says that a review is due: demotion is never taken back without a person.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import heapify, heappop, heappush

from streams.standing.episodes import Episode, episodes_of
from streams.standing.facts import Act, Decision, Facts, Rules, Stage


class ChangeReason(StrEnum):
    """What moved an app; the last two only where facts that came late are held against what was told before."""

    BREACH = "BREACH"
    TIME = "TIME"
    TARGET_MISSED = "TARGET_MISSED"
    DECISION = "DECISION"
    RETRACTED = "RETRACTED"
    REVIEW_DUE = "REVIEW_DUE"


@dataclass(frozen=True, slots=True)
class Change:
    """A step on the ladder at `at_ms`."""

    at_ms: int
    stage: Stage
    reason: ChangeReason


@dataclass(frozen=True, slots=True)
class History:
    """The episodes of an app, and every step of it up to a time, in order; the last is where it stands.

    `is_review_due`: it is demoted, and by what is known today that was not due. `next_ms` is when it may take the next
    step, if nothing happens; None: never.
    """

    episodes: Sequence[Episode]
    changes: Sequence[Change]
    is_review_due: bool = False
    next_ms: int | None = None

    @property
    def stage(self) -> Stage:
        """Where the app stands."""
        return self.changes[-1].stage if self.changes else Stage.CLEAR


def history_of(facts: Facts, at_ms: int, rules: Rules | None = None) -> History:
    """How an app stands at a time, from the facts with a time of `at_ms` or before."""
    return _Ladder(facts, at_ms, rules or Rules()).climb()


class _Ladder:
    """One run over all moments at which something can change. `since_ms` is when remediation began.

    An app that breaches every hour for a year has some ten thousand of them: each is looked at by few facts, never all.
    """

    def __init__(self, facts: Facts, at_ms: int, rules: Rules) -> None:
        self._facts = facts
        self._at_ms = at_ms
        self._rules = rules
        self._episodes = episodes_of(facts, rules)
        self._counted_ms = [one.start_ms for one in self._episodes if one.counts]
        self._missed_ms = {one.at_ms for one in facts.missed}
        self._decisions = sorted(facts.decisions, key=lambda one: one.at_ms)
        self._acts = {(one.at_ms, one.act) for one in self._decisions}
        self._waiting = self._decisions[::-1]
        self._overrides: list[Decision] = []  # none of which was ended by a person up to now
        self._stage = Stage.CLEAR
        self._since_ms = 0
        self._is_review_due = False
        self._counted_from_ms: int | None = None  # episodes up to a reinstatement do not count after it

    def climb(self) -> History:
        """Every step."""
        changes: list[Change] = []
        shown = Stage.CLEAR
        next_ms = None
        for moment_ms in self._moments():
            if moment_ms > self._at_ms:
                next_ms = moment_ms
                break
            reason, been = None, set[Stage]()
            while self._stage not in been:  # what a person rejects at the moment of its cause would else go round
                been.add(self._stage)
                reason = self._step(moment_ms) or reason
            override = self._override(moment_ms)
            stage = self._stage if override is None else override
            if stage is not shown:
                why = ChangeReason.DECISION if override is not None or reason is None else reason
                changes.append(Change(moment_ms, stage, why))
                shown = stage
        episodes = [one for one in self._episodes if one.start_ms <= self._at_ms]
        return History(episodes, changes, self._is_review_due and shown is Stage.DEMOTED, next_ms)

    def _moments(self) -> Iterator[int]:
        """When anything can change: a fact, or an episode that leaves the period, or remediation that is over."""
        period_ms = self._rules.period_ms
        due_ms = {one.at_ms for one in self._decisions} | self._missed_ms
        due_ms |= {one.until_ms for one in self._decisions if one.until_ms is not None}
        for episode in self._episodes:
            due_ms |= {episode.start_ms, episode.start_ms + period_ms}
        waiting = list(due_ms)
        heapify(waiting)
        while waiting:
            moment_ms = heappop(waiting)
            yield moment_ms
            over_ms = self._since_ms + period_ms
            if self._stage is Stage.REMEDIATION and moment_ms < over_ms and over_ms not in due_ms:
                due_ms.add(over_ms)
                heappush(waiting, over_ms)

    def _step(self, at_ms: int) -> ChangeReason | None:
        """Take the first step that holds, if any, and say why."""
        counted = self._counted(at_ms)
        match self._stage:
            case Stage.CLEAR | Stage.NOTIFIED if len(counted) >= self._rules.remediation_at:
                return self._go(Stage.REMEDIATION, ChangeReason.BREACH, counted[self._rules.remediation_at - 1])
            case Stage.CLEAR if counted:
                return self._go(Stage.NOTIFIED, ChangeReason.BREACH)
            case Stage.NOTIFIED if not counted:
                return self._go(Stage.CLEAR, ChangeReason.TIME)
            case Stage.REMEDIATION if at_ms >= self._since_ms + self._rules.period_ms:
                return self._go(Stage.DEMOTION_DUE if counted else Stage.CLEAR, ChangeReason.TIME)
            case Stage.NOTIFIED | Stage.REMEDIATION if at_ms in self._missed_ms:
                return self._go(Stage.DEMOTION_DUE, ChangeReason.TARGET_MISSED)
            case Stage.DEMOTION_DUE if self._decided(at_ms, Act.REJECT_DEMOTION):
                return self._go(Stage.REMEDIATION, ChangeReason.DECISION, at_ms)
            case Stage.DEMOTED if self._decided(at_ms, Act.REINSTATE) and not counted and not self._is_missing(at_ms):
                self._counted_from_ms = at_ms
                return self._go(Stage.CLEAR, ChangeReason.DECISION)
            case stage if stage is not Stage.DEMOTED and self._decided(at_ms, Act.APPROVE_DEMOTION):
                self._is_review_due = stage is not Stage.DEMOTION_DUE
                return self._go(Stage.DEMOTED, ChangeReason.DECISION)
        return None

    def _go(self, stage: Stage, reason: ChangeReason, since_ms: int = 0) -> ChangeReason:
        self._stage, self._since_ms = stage, since_ms
        return reason

    def _counted(self, at_ms: int) -> list[int]:
        """Times of the counted episodes of the period that ends now."""
        after_ms = at_ms - self._rules.period_ms
        if self._counted_from_ms is not None:
            after_ms = max(after_ms, self._counted_from_ms)
        first, end = (bisect_right(self._counted_ms, edge_ms) for edge_ms in (after_ms, at_ms))
        return self._counted_ms[first:end]

    def _is_missing(self, at_ms: int) -> bool:
        """Whether a target was missed when it was judged last, which is daily."""
        return any(at_ms - self._rules.targets_every_ms < missed_ms <= at_ms for missed_ms in self._missed_ms)

    def _decided(self, at_ms: int, act: Act) -> bool:
        return (at_ms, act) in self._acts

    def _override(self, at_ms: int) -> Stage | None:
        """What a person has set, the latest first; asked from moment to moment."""
        while self._waiting and self._waiting[-1].at_ms <= at_ms:
            one = self._waiting.pop()
            if one.act is Act.END_OVERRIDE:
                self._overrides.clear()
            elif one.act is Act.OVERRIDE:
                self._overrides.append(one)
        while self._overrides and not _holds(self._overrides[-1], at_ms):
            self._overrides.pop()
        return self._overrides[-1].stage if self._overrides else None


def _holds(override: Decision, at_ms: int) -> bool:
    return override.until_ms is None or at_ms < override.until_ms


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of an app up to now: where it stands, by which steps, and whether a review was said to be due."""

    stage: Stage = Stage.CLEAR
    steps: Sequence[Change] = ()
    is_review_due: bool = False


def to_tell(told: Told, now: History, at_ms: int) -> list[Change]:
    """What has to be told, at `at_ms`, of an app that was spoken of before.

    Steps that follow those that were told are told as they are. Where a fact that came late has changed what was told,
    a stage that falls is retracted, and one that rises is told as the step that raised it.
    """
    steps = list(now.changes)
    if steps[: len(told.steps)] == list(told.steps):
        changes = steps[len(told.steps) :]
    elif now.stage.height < told.stage.height:
        changes = [Change(at_ms, now.stage, ChangeReason.RETRACTED)]
    elif now.stage.height > told.stage.height:
        changes = [steps[-1]]
    else:
        changes = []
    if now.is_review_due and not told.is_review_due:
        changes.append(Change(at_ms, Stage.DEMOTED, ChangeReason.REVIEW_DUE))
    return changes
