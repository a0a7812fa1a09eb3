"""Silences: of which alerts somebody does not want to hear for a while, and why. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final

FIELDS: Final = ("appKey", "partner", "metricId", "scope", "objective")
_MATCHER: Final = re.compile(rf"({'|'.join(FIELDS)})\s*(=~|!=|=)\s*(.*)", re.DOTALL)
_LONGEST: Final = 500


class Operator(StrEnum):
    """How a field is compared; a pattern has to match all of it."""

    IS = "="
    IS_NOT = "!="
    MATCHES = "=~"


@dataclass(frozen=True)
class Matcher:
    """What one field of an alert has to be."""

    field: str
    operator: Operator
    value: str

    @classmethod
    def parse(cls, text: str) -> "Matcher":
        """As people write it: `appKey=com.example.app`, `scope!=Jira`, `metricId=~.*-rate`.

        Raises:
            ValueError: it is none; the message says why.
        """
        match = _MATCHER.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                f"{text!r} is no matcher: FIELD=VALUE, FIELD!=VALUE or FIELD=~PATTERN of {', '.join(FIELDS)}"
            )
        matcher = cls(match[1], Operator(match[2]), match[3])
        if len(matcher.value) > _LONGEST:
            raise ValueError(f"at most {_LONGEST} characters, please")
        if matcher.operator is Operator.MATCHES:
            try:
                re.compile(matcher.value)
            except re.error as problem:
                raise ValueError(f"{matcher.value!r} is no pattern: {problem}") from None
        return matcher

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{self.value}"

    def holds(self, value: str) -> bool:
        """Whether it holds for the field's value."""
        match self.operator:
            case Operator.IS:
                return value == self.value
            case Operator.IS_NOT:
                return value != self.value
            case Operator.MATCHES:
                return self._pattern.fullmatch(value) is not None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.value)


@dataclass(frozen=True)
class Silence:
    """All matchers have to hold; without any it silences nothing."""

    id: str
    matchers: tuple[Matcher, ...]

    def covers(self, alert: Mapping[str, Any], partner: str | None) -> bool:
        """Whether nobody is told of this alert now; `partner` by id, its name counts as well."""
        names = {partner, alert["appDetails"]["partnerName"]} - {None}
        return bool(self.matchers) and all(_holds(matcher, alert, names) for matcher in self.matchers)


def _holds(matcher: Matcher, alert: Mapping[str, Any], partner_names: set[str | None]) -> bool:
    if matcher.field != "partner":
        return matcher.holds(str(alert[matcher.field]))
    found = [matcher.holds(name or "") for name in partner_names] or [matcher.holds("")]
    return all(found) if matcher.operator is Operator.IS_NOT else any(found)


def stored(matchers: Sequence[Matcher]) -> list[list[str]]:
    """As the database keeps them."""
    return [[matcher.field, matcher.operator.value, matcher.value] for matcher in matchers]


def restored(rows: Sequence[Sequence[str]]) -> tuple[Matcher, ...]:
    """From what the database keeps."""
    return tuple(Matcher(field, Operator(operator), value) for field, operator, value in rows)
