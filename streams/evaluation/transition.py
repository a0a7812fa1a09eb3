"""From verdicts to transitions: the state machine of one series under one objective.

             (d) below, alert_boundaries in a row: BREACH
    +-----+ ------------------------------------------> +----------+
    | met |                                             | breached |
    +-----+ <------------------------------------------ +----------+
             (f) met, recover_boundaries in a row: RECOVERY RESTORED
             (a) silence, unless held:           RECOVERY NO_DATA
             (x) an exclusion explains it:       RECOVERY EXCLUDED
             (r) its objective was removed:      RECOVERY RETIRED

(x) goes before all others   (a) silence while breached, policy `recover`   (b) any other silence: the run starts anew
(c) too few events: not judged, state and run kept
(d) met and below: the run grows               (e) met and not below: the run starts anew
(f) breached and not below: the run grows      (g) breached and below: the run starts anew
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from streams.evaluation.objective import Objective, Silence


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
    boundaries that speak for a change.
    """

    breached_at_ms: int | None = None
    run: int = 0


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
    objective: Objective, standing: ObjectiveState, boundary_ms: int, good: int, bad: int, *, is_excused: bool = False
) -> tuple[ObjectiveState, AlertReason | None]:
    """Where a series stands after one boundary, and the reason of the transition if there is one.

    `good` and `bad` are what counts in the window; `is_excused` tells that it would breach, but for what does not.
    """
    is_met = standing.breached_at_ms is None
    if is_excused and not is_met:
        return AT_REST, AlertReason.EXCLUDED  # (x)
    if good + bad == 0:
        if is_met or objective.silence is Silence.HOLD:
            return ObjectiveState(standing.breached_at_ms), None  # (b)
        return AT_REST, AlertReason.NO_DATA  # (a)
    if good + bad < objective.minimum_events:
        return standing, None  # (c)
    if objective.is_below(good, bad) is not is_met:
        return (standing if standing.run == 0 else ObjectiveState(standing.breached_at_ms)), None  # (e) (g)
    run = standing.run + 1
    if run < (objective.alert_boundaries if is_met else objective.recover_boundaries):
        return ObjectiveState(standing.breached_at_ms, run), None
    return (
        (ObjectiveState(boundary_ms), AlertReason.BELOW_OBJECTIVE) if is_met else (AT_REST, AlertReason.RESTORED)
    )  # (d) (f)
