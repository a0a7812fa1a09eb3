"""When recurring maintenance takes place: the rules of RFC 5545 (RRULE), by the wall clock of a time zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

HORIZON: Final = timedelta(days=90)
"""How far a rule without COUNT and UNTIL is followed: somebody should look at it again."""

MAX_OCCURRENCES: Final = 1_000

_RULE: Final = re.compile(r"(?:RRULE:)?([A-Z0-9=;,+-]{1,500})")
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_BOUNDS: Final = ("COUNT", "UNTIL")


class InvalidRuleError(ValueError):
    """A rule cannot be followed; the message says why."""


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Starts, epoch milliseconds, in order. `is_cut`: the rule goes on after `HORIZON`."""

    starts_ms: tuple[int, ...]
    is_cut: bool


def occurrences(rule: str, first: datetime) -> Occurrences:
    """The occurrences of a rule not before `first`, which gives their time of day and whose zone gives their clock.

    A time of day that a change of clocks leaves out is taken as if they had not yet changed; one that comes twice, is
    the first (RFC 5545, section 3.3.5).

    Raises:
        InvalidRuleError: it is no rule, is too frequent, or has no or more than 1,000 occurrences.
    """
    found = list(islice(_starts(rule, first), MAX_OCCURRENCES + 1))
    if not found:
        raise InvalidRuleError("the rule has no occurrence from the start on")
    if len(found) > MAX_OCCURRENCES:
        raise InvalidRuleError(f"more than {MAX_OCCURRENCES:,} occurrences: bound the rule by COUNT or UNTIL")
    # By the instants: clocks that are set back must not put two of them out of order.
    starts_ms = sorted({int(start.timestamp() * 1_000) for start in found})
    return Occurrences(tuple(starts_ms), is_cut=not _is_bounded(rule))


def _starts(rule: str, first: datetime) -> Iterator[datetime]:
    last = None if _is_bounded(rule) else first + HORIZON
    for start in _parsed(rule, first):
        if last is not None and start > last:
            return
        yield start


def _parsed(rule: str, first: datetime) -> rrule:
    match = _RULE.fullmatch(rule.strip())
    fields = dict(field.partition("=")[::2] for field in match[1].split(";")) if match else {}
    if match is None or "FREQ" not in fields:
        raise InvalidRuleError("write for example FREQ=WEEKLY;BYDAY=SU;COUNT=8")
    if fields["FREQ"] not in _FREQUENCIES:
        raise InvalidRuleError(f"FREQ is one of {', '.join(_FREQUENCIES)}, not {fields['FREQ']}")
    if "UNTIL" in fields and not fields["UNTIL"].endswith("Z"):
        raise InvalidRuleError("write UNTIL in UTC, for example UNTIL=20261231T235959Z")
    try:
        parsed = rrulestr(match[1], dtstart=first)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise InvalidRuleError(f"not a rule of RFC 5545: {error}") from None
    if not isinstance(parsed, rrule):
        raise InvalidRuleError("one rule, please")
    return parsed


def _is_bounded(rule: str) -> bool:
    return any(f"{bound}=" in rule for bound in _BOUNDS)


def in_zone(time_ms: int, zone: ZoneInfo) -> datetime:
    """A point in time as the clocks of a zone show it."""
    return datetime.fromtimestamp(time_ms / 1_000, zone)
