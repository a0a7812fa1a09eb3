"""The timeline of an incident: entries that are only ever added. All that an incident is follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

SYSTEM: Final = "slo-streams"
"""Who adds what nobody decides."""


class State(StrEnum):
    """How far the work on an incident is, in this order; a person may go back."""

    TRIAGE = "TRIAGE"
    INVESTIGATING = "INVESTIGATING"
    IDENTIFIED = "IDENTIFIED"
    MONITORING = "MONITORING"
    RESOLVED = "RESOLVED"
    PIR = "PIR"
    CLOSED = "CLOSED"

    @property
    def is_open(self) -> bool:
        """Whether it still has an impact, as far as is known."""
        return self in (State.TRIAGE, State.INVESTIGATING, State.IDENTIFIED, State.MONITORING)


class Verdict(StrEnum):
    """What a person says of an incident that was found: until then it is a candidate."""

    CANDIDATE = "CANDIDATE"
    CONFIRMED = "CONFIRMED"
    DISMISSED = "DISMISSED"


class RaisedBy(StrEnum):
    """Who began it."""

    COMMON_CAUSE = "COMMON_CAUSE"
    PARTNER = "PARTNER"
    SUPPORT = "SUPPORT"
    PLATFORM = "PLATFORM"


class Fault(StrEnum):
    """Whose system is at fault; suspected while it is open, found by the review afterwards."""

    APP = "APP"
    PLATFORM = "PLATFORM"
    THIRD_PARTY = "THIRD_PARTY"
    UNKNOWN = "UNKNOWN"


class Visibility(StrEnum):
    """Who may see it beside the platform: partners of its apps, all partners, nobody."""

    PARTNER = "PARTNER"
    ALL_PARTNERS = "ALL_PARTNERS"
    INTERNAL = "INTERNAL"


class PirStatus(StrEnum):
    """How far the post-incident review is."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    SIGNED_OFF = "SIGNED_OFF"


class Act(StrEnum):
    """What an entry tells. What is in its `data` stands beside it."""

    FOUND = "FOUND"
    """By common cause: `title`, `scopeKind`, `scopeName`, `start`, `units`, `apps` (how many)."""
    RAISED = "RAISED"
    """By a person: `raisedBy`, `title`, `apps`, `start`, and what `CHANGED` may have."""
    JOINED = "JOINED"
    """More apps began to breach: `apps`, how many there are now."""
    CONFIRMED = "CONFIRMED"
    DISMISSED = "DISMISSED"
    STATE = "STATE"
    """`state`; of `RESOLVED` also `endedAt`."""
    NOTE = "NOTE"
    """Its words are `why`; a public one is a status update."""
    REPORTED = "REPORTED"
    """A partner is hit: `partner`. One a partner counts."""
    CHANGED = "CHANGED"
    """A person says better: any of `users`, `apps`, `capability`, `kind`, `level`, `suspectedFault`, `visibility`,
    `severity` (null: as the votes say again), `start`, `zone`."""
    MEASURED = "MEASURED"
    """What history has: `good` and `bad` events since `start`, the first impact."""
    SEVERITY = "SEVERITY"
    """It rose: `severity`."""
    PAGED = "PAGED"
    """Those on call were told."""
    TARGET = "TARGET"
    """A response target was met or missed: `target`, `outcome`."""
    APPROVED = "APPROVED"
    """The fault is the platform's: `exclusions`, the ids that were written."""
    PIR = "PIR"
    """The review as it is now: `status`, `text`, `actions` (`what`, `owner`, `due`), `systemAtFault`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: who did what, when (epoch ms) and why. `is_public`: partners who see the incident see it."""

    act: Act
    at_ms: int
    who: str
    why: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    is_public: bool = False
