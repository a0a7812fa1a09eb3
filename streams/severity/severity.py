"""The severity of an incident: the most severe of the votes that exist.

Rows marked *programme* stand in its severity pages; all other numbers are ours. Within one path nothing that grows ever
lowers a severity; that numbers become known may, since they replace the vote by capability.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

MINUTE_MS: Final = 60_000
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


ByNumbers = Mapping[Level, tuple[Severity | None, ...]]
"""A vote for each column; None: none."""
ByCapability = Mapping[tuple[Tier, Kind], tuple[Severity | None, ...]]
"""A vote for each length."""

_1, _2, _3 = Severity
_BY_NUMBERS: Final[ByNumbers] = MappingProxyType(
    {Level.MAJOR: (None, _3, _2, _1), Level.MINOR: (None, _3, _3, _2)}  # programme
)
_BY_CAPABILITY: Final[ByCapability] = MappingProxyType(
    {
        (Tier.C1, Kind.OUTAGE): (_2, _1, _1),  # over 2 h: programme
        (Tier.C2, Kind.OUTAGE): (_3, _2, _2),
        (Tier.C3, Kind.OUTAGE): (_3, _3, _3),
        (Tier.C1, Kind.DEGRADATION): (_3, _2, _2),
        (Tier.C2, Kind.DEGRADATION): (_3, _3, _2),
        (Tier.C3, Kind.DEGRADATION): (_3, _3, _3),
    }
)


@dataclass(frozen=True, slots=True)
class ResponseTargets:
    """For SEV1 and SEV2 how long until somebody investigates and until the first status update (programme).

    For SEV3 so many hours of business until somebody investigates (ours).
    """

    investigation_ms: int = 15 * MINUTE_MS
    update_ms: int = 60 * MINUTE_MS
    business_hours: int = 8


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables as data; a rules file may have others.

    `users` and `apps`: from how many on the first, second and third column of `by_numbers` holds (programme). `reports`
    of partners, one each: from how many on it is SEV3, SEV2, SEV1 (programme: more than 2, 5, 15). `durations_ms` are
    the ends of the middle column of `by_capability`, both in it.
    """

    users: tuple[int, ...] = (1_000, 100_001, 5_000_001)
    apps: tuple[int, ...] = (3, 11, 101)
    by_numbers: ByNumbers = field(default_factory=lambda: _BY_NUMBERS)
    reports: tuple[int, ...] = (3, 6, 16)
    durations_ms: tuple[int, int] = (2 * HOUR_MS, 5 * HOUR_MS)
    by_capability: ByCapability = field(default_factory=lambda: _BY_CAPABILITY)
    targets: ResponseTargets = field(default_factory=ResponseTargets)


TABLES: Final = Tables()
"""As they are shipped."""


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


def votes_on(impact: Impact, tables: Tables = TABLES) -> Votes:
    """What each path says of an impact. Capability votes only where users and apps are both unknown (programme)."""
    columns = [
        _column(number, edges)
        for number, edges in ((impact.users, tables.users), (impact.apps, tables.apps))
        if number is not None
    ]
    by_numbers = tables.by_numbers[impact.level][max(columns)] if columns else None
    by_capability = None
    if not columns and impact.tier is not None:
        middle_ms, last_ms = tables.durations_ms
        column = (impact.duration_ms >= middle_ms) + (impact.duration_ms > last_ms)
        by_capability = tables.by_capability[impact.tier, impact.kind][column]
    by_reports = (None, _3, _2, _1)[_column(impact.reports, tables.reports)]
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
