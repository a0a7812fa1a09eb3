"""From verdicts to transitions: the state machine of one series under one objective.

             (d) below, alert_after-th in a row: BREACH
    +-----+ ------------------------------------------> +----------+
    | met |                                             | breached |
    +-----+ <------------------------------------------ +----------+
             (f) met, recover_after-th in a row: RECOVERY RESTORED
             (a) silence, unless held:           RECOVERY NO_DATA
             (r) its objective was removed:      RECOVERY RETIRED

(a) silence while breached, policy `recover`   (b) any other silence: the run starts anew
(c) too few events: not judged, state and run kept
(d) met and below: the run grows               (e) met and not below: the run starts anew
(f) breached and not below: the run grows      (g) breached and below: the run starts anew
"""

from dataclasses import dataclass
from enum import StrEnum

from streams.evaluation.objective import Objective, Silence


class Kind(StrEnum):
    """What happened."""

    BREACH = "BREACH"
    RECOVERY = "RECOVERY"


class Reason(StrEnum):
    """Why it happened."""

    BELOW_OBJECTIVE = "BELOW_OBJECTIVE"
    RESTORED = "RESTORED"
    NO_DATA = "NO_DATA"
    EXCLUDED = "EXCLUDED"
    RETIRED = "RETIRED"


@dataclass(slots=True)
class Standing:
    """Where a series stands under one objective.

    `breached_at_ms` is the boundary of the standing breach, None while met; `run` counts consecutive judged
    boundaries that speak for a change.
    """

    breached_at_ms: int | None = None
    run: int = 0

    @property
    def is_at_rest(self) -> bool:
        """Met, with nothing pending: as a series that was never judged."""
        return self.breached_at_ms is None and self.run == 0


@dataclass(frozen=True, slots=True)
class Transition:
    """A breach or a recovery at a boundary, with the window's counts that decided it."""

    kind: Kind
    reason: Reason
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


def judge(objective: Objective, standing: Standing, boundary_ms: int, good: int, bad: int) -> Reason | None:
    """Let one boundary's counts act on a standing, in place; the reason of the transition if there is one."""
    is_met = standing.breached_at_ms is None
    if good + bad == 0:
        standing.run = 0  # (b)
        if is_met or objective.silence is Silence.HOLD:
            return None
        standing.breached_at_ms = None
        return Reason.NO_DATA  # (a)
    if good + bad < objective.minimum_events:
        return None  # (c)
    if objective.is_below(good, bad) is not is_met:
        standing.run = 0  # (e) (g)
        return None
    standing.run += 1
    if standing.run < (objective.alert_after if is_met else objective.recover_after):
        return None
    standing.run = 0
    standing.breached_at_ms = boundary_ms if is_met else None
    return Reason.BELOW_OBJECTIVE if is_met else Reason.RESTORED  # (d) (f)
