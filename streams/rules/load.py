"""Rules from a file: bytes -> document -> the numbers that the ladder and the detector of common causes work by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from streams.documents.document import Document, bytes_of, read_documents
from streams.documents.remark import InvalidFileError
from streams.documents.validation import remarks
from streams.objectives.scalars import PositiveDurationMs, WholeNumber
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
    regions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


class _Standing(_Section):
    period: PositiveDurationMs = 28 * DAY_MS
    remediation_at: Annotated[WholeNumber, Field(ge=2, le=1_000)] = 3
    episode_gap: PositiveDurationMs = 3_600_000
    covered_at_least: PositiveDurationMs = 7 * DAY_MS


class _CommonCause(_Section):
    regions: dict[_Text, _Text] = Field(default_factory=dict, max_length=1_000)


class _File(_Section):
    standing: _Standing = _Standing()
    common_cause: _CommonCause = _CommonCause()

    def rules(self) -> ProgrammeRules:
        standing = self.standing
        return ProgrammeRules(
            Rules(standing.remediation_at, standing.period, standing.episode_gap, standing.covered_at_least),
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
    return found.rules()


def _unknown(name: str) -> str:
    return f"{name!r} is no field of the rules; the shipped file has them all, each with a comment"
