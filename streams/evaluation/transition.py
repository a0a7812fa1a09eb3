"""From verdicts to transitions: the state machine of one series under one objective.

             (d) below, alert_boundaries in a row: BREACH
    +-----+ ------------------------------------------> +----------+
    | met |                                             | breached |
    +-----+ <------------------------------------------ +----------+
             (f) met, recover_boundaries in a row: RECOVERY RESTORED
             (a) silence, unless held:             RECOVERY NO_DATA
             (h) silence held for too long:        RECOVERY NO_DATA
                 or what was checked has left:     RECOVERY RETIRED
                 or all of it is excluded:         RECOVERY EXCLUDED
             (x) an exclusion explains it:         RECOVERY EXCLUDED
             (r) its objective was removed:        RECOVERY RETIRED

(x) goes before all others   (a) silence while breached, policy `recover`   (b) any other silence: the run starts anew
(c) too few events: not judged, run kept
(d) met and below: the run grows               (e) met and not below: the run starts anew
(f) breached and not below: the run grows      (g) breached and below: the run starts anew
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from streams.evaluation.objective import Objective, Silence
from streams.evaluation.verdict import EXCUSED, MET, SILENCE, TOO_FEW_EVENTS, Verdict


class Kind(StrEnum):
    """What happened."""

    BREACH = "BREACH"
    RECOVERY = "RECOVERY"


class AlertReason(StrEnum):
    """Why it happened."""

    BELOW_OBJECTIVE = "BELOW_OBJECTIVE"
    RESTORED = "RESTORED"
    NO_DATA = "NO_DATA"
    EXCLUDED = "EXCLUDED"
    RETIRED = "RETIRED"


class ObjectiveState(NamedTuple):
    """Where a series stands under one objective.

    `breached_at_ms` is the boundary of the standing breach, None while met; `run` counts consecutive judged
    boundaries that speak for a change. `silent_ms` is the first boundary of the silence that the breach is held
    through, None while there are events.
    """

    breached_at_ms: int | None = None
    run: int = 0
    silent_ms: int | None = None


AT_REST: Final = ObjectiveState()
"""Met, with nothing pending: as a series that was never judged."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A breach or a recovery at a boundary, with the window's counts that decided it."""

    kind: Kind
    reason: AlertReason
    app_key: str
    scope: str
    objective: Objective
    boundary_ms: int
    breached_at_ms: int
    good: int
    bad: int

    @property
    def order(self) -> tuple[int, str, str, str, str]:
        """Sort key of alerts within a partition. Code points order as their UTF-8 bytes do."""
        return self.boundary_ms, self.objective.metric, self.app_key, self.scope, self.objective.name


def judge(
    objective: Objective,
    state: ObjectiveState,
    boundary_ms: int,
    verdict: Verdict,
    release: AlertReason | None = None,
) -> tuple[ObjectiveState, AlertReason | None]:
    """Where a series stands after one boundary, and the reason of the transition if there is one.

    `release` is what ends a breach that silence holds, before it has lasted too long.
    """
    breached_at_ms, run, silent_ms = state
    is_met = breached_at_ms is None
    if verdict is EXCUSED:
        return AT_REST, None if is_met else AlertReason.EXCLUDED  # (x)
    if verdict is SILENCE:
        return (AT_REST, None) if is_met else _silent(objective, state, boundary_ms, release)  # (b)
    if silent_ms is not None:
        state = ObjectiveState(breached_at_ms, run)
    if verdict is TOO_FEW_EVENTS:
        return state, None  # (c)
    if (verdict is MET) is is_met:
        return (ObjectiveState(breached_at_ms) if run else state), None  # (e) (g)
    run += 1
    if run < (objective.alert_boundaries if is_met else objective.recover_boundaries):
        return ObjectiveState(breached_at_ms, run), None
    return (
        (ObjectiveState(boundary_ms), AlertReason.BELOW_OBJECTIVE) if is_met else (AT_REST, AlertReason.RESTORED)
    )  # (d) (f)


def _silent(
    objective: Objective, breached: ObjectiveState, boundary_ms: int, release: AlertReason | None
) -> tuple[ObjectiveState, AlertReason | None]:
    if objective.silence is Silence.RECOVER:
        return AT_REST, AlertReason.NO_DATA  # (a)
    silent_ms = boundary_ms if breached.silent_ms is None else breached.silent_ms
    if release is None and boundary_ms - silent_ms >= objective.hold_for_ms:
        release = AlertReason.NO_DATA
    if release is not None:
        return AT_REST, release  # (h)
    return ObjectiveState(breached.breached_at_ms, 0, silent_ms), None  # (b)
