"""What the standing of an app is made of: breaches, decisions of persons, verdicts of its 28-day targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY_MS: Final = 86_400_000


class Stage(StrEnum):
    """Rungs of the ladder; the order is theirs."""

    CLEAR = "CLEAR"
    NOTIFIED = "NOTIFIED"
    REMEDIATION = "REMEDIATION"
    DEMOTION_DUE = "DEMOTION_DUE"
    DEMOTED = "DEMOTED"

    @property
    def height(self) -> int:
        """How high a rung is; 0 for the lowest."""
        return list(Stage).index(self)


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach of severity `page`. `excuse` says why it does not count, None where it counts.

    `recovered_ms` is None while it stands.
    """

    incident_id: str
    breached_ms: int
    recovered_ms: int | None = None
    excuse: str | None = None


class Act(StrEnum):
    """What a person decided of an app."""

    APPROVE_DEMOTION = "APPROVE_DEMOTION"
    REJECT_DEMOTION = "REJECT_DEMOTION"
    REINSTATE = "REINSTATE"
    OVERRIDE = "OVERRIDE"
    END_OVERRIDE = "END_OVERRIDE"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision made at `at_ms`. An override holds for `stage` until `until_ms`; None: until it is ended.

    Appeals are no decision of the ladder: an accepted one is the excuse of its breach.
    """

    at_ms: int
    act: Act
    stage: Stage | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class MissedTarget:
    """At this midnight (UTC), a 28-day target of the app is missed in two periods running, both covered for a week."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one app, in any order. Decisions of one moment are in the order in which they were made."""

    breaches: Sequence[Breach] = ()
    decisions: Sequence[Decision] = ()
    missed: Sequence[MissedTarget] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """Numbers of the ladder, from the rules file; none is published, so all are ours."""

    remediation_at: int = 3
    period_ms: int = 28 * DAY_MS
    episode_gap_ms: int = 60 * 60_000
    covered_ms: int = 7 * DAY_MS
    targets_every_ms: int = DAY_MS
