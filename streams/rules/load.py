"""Rules from a file: bytes -> document -> the numbers that the ladder and the detector of common causes work by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from streams.common_cause.numbers import HOUR_MS, MINUTE_MS, Numbers
from streams.documents.document import Document, bytes_of, read_documents
from streams.documents.remark import InvalidFileError
from streams.documents.validation import remarks
from streams.objectives.scalars import PositiveDurationMs, WholeNumber
from streams.severity.severity import TABLES, Kind, Level, ResponseTargets, Severity, Tables, Tier
from streams.standing.facts import DAY_MS, Rules

DEFAULT: Final = Path(__file__).parent / "rules.yaml"
"""The file that comes with the product."""

_IF_EMPTY: Final = "write at least one section, or unset SLO_RULES"

_Text = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class InvalidRulesError(InvalidFileError):
    """Rules cannot be used."""


@dataclass(frozen=True, slots=True)
class ProgrammeRules:
    """The rules of the programme. `regions`: patterns of host names, in their order, and the region of each."""

    standing: Rules = field(default_factory=Rules)
    severity: Tables = TABLES
    common_cause: Numbers = field(default_factory=Numbers)
    regions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class _Standing(_Section):
    period: PositiveDurationMs = 28 * DAY_MS
    remediation_at: Annotated[WholeNumber, Field(ge=2, le=1_000)] = 3
    episode_gap: PositiveDurationMs = 3_600_000
    covered_at_least: PositiveDurationMs = 7 * DAY_MS


def _rising(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise ValueError("each should be more than the one before it")
    return numbers


def _severity(text: object) -> object:
    names = ("none", *Severity.__members__)
    if text not in names:
        raise ValueError(f"{text!r} is none of {', '.join(names)}")
    return None if text == "none" else Severity[str(text)]


def _graver(row: tuple[Severity | None, ...]) -> tuple[Severity | None, ...]:
    if any(_rank(later) > _rank(earlier) for earlier, later in pairwise(row)):
        raise ValueError("severity falls from one column to the next: more would be less severe")
    return row


def _rank(severity: Severity | None) -> int:
    return len(Severity) + 1 if severity is None else severity


_Count = Annotated[WholeNumber, Field(ge=1, le=10**12)]
_Three = Annotated[tuple[_Count, _Count, _Count], AfterValidator(_rising)]
_Vote = Annotated[Severity | None, BeforeValidator(_severity)]
_Four = Annotated[tuple[_Vote, _Vote, _Vote, _Vote], AfterValidator(_graver)]
_ByDuration = Annotated[tuple[_Vote, _Vote, _Vote], AfterValidator(_graver)]


class _Levels(_Section):
    model_config = ConfigDict(alias_generator=str.upper)

    major: _Four = TABLES.by_numbers[Level.MAJOR]  # type: ignore[assignment]
    minor: _Four = TABLES.by_numbers[Level.MINOR]  # type: ignore[assignment]


class _Kinds(_Section):
    model_config = ConfigDict(alias_generator=str.upper)

    outage: _ByDuration
    degradation: _ByDuration


def _shipped(tier: Tier) -> _Kinds:
    outage, degradation = (TABLES.by_capability[tier, kind] for kind in (Kind.OUTAGE, Kind.DEGRADATION))
    return _Kinds.model_construct(outage=outage, degradation=degradation)  # type: ignore[arg-type]


class _Tiers(_Section):
    model_config = ConfigDict(alias_generator=str.upper)

    c1: _Kinds = _shipped(Tier.C1)
    c2: _Kinds = _shipped(Tier.C2)
    c3: _Kinds = _shipped(Tier.C3)


class _Severity(_Section):
    users: _Three = TABLES.users  # type: ignore[assignment]
    apps: _Three = TABLES.apps  # type: ignore[assignment]
    by_numbers: _Levels = _Levels()
    reports: _Three = TABLES.reports  # type: ignore[assignment]
    durations: Annotated[tuple[PositiveDurationMs, PositiveDurationMs], AfterValidator(_rising)] = TABLES.durations_ms
    by_capability: _Tiers = _Tiers()

    def tables(self, targets: ResponseTargets) -> Tables:
        tiers = {Tier.C1: self.by_capability.c1, Tier.C2: self.by_capability.c2, Tier.C3: self.by_capability.c3}
        return Tables(
            users=self.users,
            apps=self.apps,
            by_numbers={Level.MAJOR: self.by_numbers.major, Level.MINOR: self.by_numbers.minor},
            reports=self.reports,
            durations_ms=self.durations,
            by_capability={
                (tier, kind): row
                for tier, kinds in tiers.items()
                for kind, row in ((Kind.OUTAGE, kinds.outage), (Kind.DEGRADATION, kinds.degradation))
            },
            targets=targets,
        )


class _ResponseTargets(_Section):
    investigation: PositiveDurationMs = TABLES.targets.investigation_ms
    update: PositiveDurationMs = TABLES.targets.update_ms
    business_hours: Annotated[WholeNumber, Field(ge=1, le=1_000)] = TABLES.targets.business_hours


def _divides_an_hour(length_ms: int) -> int:
    if length_ms % MINUTE_MS or HOUR_MS % length_ms:
        raise ValueError("should be minutes that divide an hour: base rates are by the hour of the day")
    return length_ms


def _days(length_ms: int) -> int:
    if length_ms % DAY_MS or length_ms > 28 * DAY_MS:
        raise ValueError("should be whole days, at most 28d")
    return length_ms


class _CommonCause(_Section):
    window: Annotated[PositiveDurationMs, AfterValidator(_divides_an_hour)] = 15 * MINUTE_MS
    fewest_apps: Annotated[WholeNumber, Field(ge=2, le=1_000_000)] = 3
    openings_a_year: Annotated[WholeNumber, Field(ge=1, le=1_000)] = 1
    learnt_after: Annotated[PositiveDurationMs, AfterValidator(_days)] = 7 * DAY_MS
    quiet_for: PositiveDurationMs = 30 * MINUTE_MS
    quiet_percent: Annotated[WholeNumber, Field(ge=0, le=100)] = 10
    regions: dict[_Text, _Text] = Field(default_factory=dict, max_length=1_000)

    def numbers(self) -> Numbers:
        return Numbers(
            window_ms=self.window,
            fewest_apps=self.fewest_apps,
            openings_a_year=self.openings_a_year,
            learnt_after_days=self.learnt_after // DAY_MS,
            quiet_ms=self.quiet_for,
            quiet_percent=self.quiet_percent,
        )


class _File(_Section):
    standing: _Standing = _Standing()
    severity: _Severity = _Severity()
    response_targets: _ResponseTargets = _ResponseTargets()
    common_cause: _CommonCause = _CommonCause()

    def rules(self) -> ProgrammeRules:
        standing, said = self.standing, self.response_targets
        return ProgrammeRules(
            Rules(standing.remediation_at, standing.period, standing.episode_gap, standing.covered_at_least),
            self.severity.tables(ResponseTargets(said.investigation, said.update, said.business_hours)),
            self.common_cause.numbers(),
            self.common_cause.regions,
        )


def read_rules(file: Path | None = None) -> ProgrammeRules:
    """What a file says; None: the default.

    Raises:
        InvalidRulesError: it cannot be used; its message names every problem with line and field.
    """
    file = file or DEFAULT
    raw, unread = bytes_of(file, "give the path of a rules file, or unset SLO_RULES")
    if unread:
        raise InvalidRulesError(unread)
    documents, problems = read_documents(str(file), raw, if_empty=_IF_EMPTY)
    if len(documents) > 1:
        problems.append(documents[1].remark((), "is a second document; a rules file has one"))
    if problems:
        raise InvalidRulesError(problems)
    return _read(documents[0])


def _read(document: Document) -> ProgrammeRules:
    try:
        found = _File.model_validate(document.data)
    except ValidationError as error:
        raise InvalidRulesError(remarks(document, error, unknown=_unknown)) from None
    if found.standing.period % DAY_MS:
        raise InvalidRulesError([document.remark(("standing", "period"), "should be whole days: targets are by day")])
    rules = found.rules()
    problems = [document.remark(place, said) for place, said in _out_of_order(rules.severity)]
    if problems:
        raise InvalidRulesError(problems)
    return rules


def _out_of_order(tables: Tables) -> Iterator[tuple[tuple[str, ...], str]]:
    """Rows that are less severe than one that must not be more severe than they are."""
    if _is_less(tables.by_numbers[Level.MAJOR], tables.by_numbers[Level.MINOR]):
        yield ("severity", "byNumbers", "MAJOR"), "is less severe than MINOR"
    for tier in Tier:
        rows = {kind: tables.by_capability[tier, kind] for kind in Kind}
        if _is_less(rows[Kind.OUTAGE], rows[Kind.DEGRADATION]):
            yield ("severity", "byCapability", tier.value, "OUTAGE"), "is less severe than DEGRADATION"
    for (graver, tier), kind in product(pairwise(Tier), Kind):
        if _is_less(tables.by_capability[graver, kind], tables.by_capability[tier, kind]):
            yield ("severity", "byCapability", graver.value, kind.value), f"is less severe than that of {tier}"


def _is_less(row: Sequence[Severity | None], other: Sequence[Severity | None]) -> bool:
    return any(_rank(one) > _rank(two) for one, two in zip(row, other, strict=True))


def _unknown(name: str) -> str:
    return f"{name!r} is no field of the rules; the shipped file has them all, each with a comment"
