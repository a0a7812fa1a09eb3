"""The severity of an incident: the most severe of the votes that exist.

Rows marked *programme* stand in its severity pages; all other numbers are ours. Within one path nothing that grows ever
lowers a severity; that numbers become known may, since they replace the vote by capability.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

HOUR_MS: Final = 3_600_000


class Severity(IntEnum):
    """1 is the most severe."""

    SEV1 = 1
    SEV2 = 2
    SEV3 = 3


class Level(StrEnum):
    """Which row of the table by numbers: major for an outage."""

    MAJOR = "MAJOR"
    MINOR = "MINOR"


class Kind(StrEnum):
    """What became of the capability."""

    OUTAGE = "OUTAGE"
    DEGRADATION = "DEGRADATION"


class Tier(StrEnum):
    """How much depends on a capability (programme)."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"


USERS: Final = (1_000, 100_001, 5_000_001)
"""From how many affected users on the first, second and third column holds (programme)."""
APPS: Final = (3, 11, 101)
"""The same for affected apps (programme)."""
REPORTS: Final = ((16, Severity.SEV1), (6, Severity.SEV2), (3, Severity.SEV3))
"""From how many reports of partners on, one each: more than 15, 5 and 2 (programme)."""

BY_NUMBERS: Final[dict[Level, tuple[Severity | None, ...]]] = {
    Level.MAJOR: (None, Severity.SEV3, Severity.SEV2, Severity.SEV1),  # programme
    Level.MINOR: (None, Severity.SEV3, Severity.SEV3, Severity.SEV2),  # programme
}

_DURATIONS_MS: Final = (2 * HOUR_MS, 5 * HOUR_MS + 1)  # [0, 2 h), [2 h, 5 h], (5 h, ...)
BY_CAPABILITY: Final[dict[tuple[Tier, Kind], tuple[Severity, Severity, Severity]]] = {
    (Tier.C1, Kind.OUTAGE): (Severity.SEV2, Severity.SEV1, Severity.SEV1),  # over 2 h: programme
    (Tier.C2, Kind.OUTAGE): (Severity.SEV3, Severity.SEV2, Severity.SEV2),
    (Tier.C3, Kind.OUTAGE): (Severity.SEV3, Severity.SEV3, Severity.SEV3),
    (Tier.C1, Kind.DEGRADATION): (Severity.SEV3, Severity.SEV2, Severity.SEV2),
    (Tier.C2, Kind.DEGRADATION): (Severity.SEV3, Severity.SEV3, Severity.SEV2),
    (Tier.C3, Kind.DEGRADATION): (Severity.SEV3, Severity.SEV3, Severity.SEV3),
}


@dataclass(frozen=True, slots=True)
class Impact:
    """What an incident does; `users` and `apps` are None where nobody knows, `reports` counts one a partner."""

    level: Level = Level.MINOR
    kind: Kind = Kind.DEGRADATION
    users: int | None = None
    apps: int | None = None
    tier: Tier | None = None
    duration_ms: int = 0
    reports: int = 0


@dataclass(frozen=True, slots=True)
class Votes:
    """What each path says; None where it says nothing."""

    by_numbers: Severity | None
    by_capability: Severity | None
    by_reports: Severity | None

    @property
    def severity(self) -> Severity | None:
        """The most severe; None for a ticket without one."""
        return min((vote for vote in (self.by_numbers, self.by_capability, self.by_reports) if vote), default=None)


def votes_on(impact: Impact) -> Votes:
    """What each path says of an impact. Capability votes only where users and apps are both unknown (programme)."""
    columns = [
        _column(number, edges) for number, edges in ((impact.users, USERS), (impact.apps, APPS)) if number is not None
    ]
    by_numbers = BY_NUMBERS[impact.level][max(columns)] if columns else None
    by_capability = None
    if not columns and impact.tier is not None:
        by_capability = BY_CAPABILITY[impact.tier, impact.kind][_column(impact.duration_ms, _DURATIONS_MS)]
    by_reports = next((severity for least, severity in REPORTS if impact.reports >= least), None)
    return Votes(by_numbers, by_capability, by_reports)


def while_open(severity: Severity | None, peak: Severity | None) -> Severity | None:
    """Severity of an incident that is open: it rises at once, and never falls by itself."""
    return min((one for one in (severity, peak) if one), default=None)


def kind_of(good: int, bad: int) -> Kind:
    """An outage if at least half of what happened to the affected series since the start is bad."""
    return Kind.OUTAGE if bad and 2 * bad >= good + bad else Kind.DEGRADATION


def level_of(kind: Kind) -> Level:
    """Major for an outage, unless a person says otherwise."""
    return Level.MAJOR if kind is Kind.OUTAGE else Level.MINOR


def _column(number: int, edges: Sequence[int]) -> int:
    return sum(number >= edge for edge in edges)
