"""The text of a recurrence rule (RFC 5545, section 3.3.10): what it asks for, or why it cannot be meant."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

_TEXT: Final = re.compile(r"(?:RRULE:)?([A-Z0-9=;,:+-]{1,500})")
_DAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,9}")
_UNTIL: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LAST_WEEK: Final = 53
_EXAMPLE: Final = "write for example FREQ=WEEKLY;BYDAY=SU;COUNT=8"


class InvalidRuleError(ValueError):
    """A rule cannot be followed; the message says why, and what to write instead."""


class Frequency(StrEnum):
    """How long a period is. Those under a day are left out: maintenance is not that frequent."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class WeekDay(NamedTuple):
    """A day of the week, Monday 0. `nth` of its month or year, from the end if negative; 0 is every one."""

    nth: int
    day: int


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to be within each period. Empty: not asked for. Numbers below 0 count from the end."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until_ms: int | None = None
    week_start: int = 0
    months: frozenset[int] = frozenset()
    week_numbers: frozenset[int] = frozenset()
    year_days: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    days: frozenset[WeekDay] = frozenset()
    hours: frozenset[int] = frozenset()
    minutes: frozenset[int] = frozenset()
    seconds: frozenset[int] = frozenset()
    positions: frozenset[int] = frozenset()


class _Numbers(NamedTuple):
    """A part that lists numbers. `only_with`: the frequencies it may stand beside, all of them if empty."""

    field: str
    lowest: int
    highest: int
    counts_back: bool = False
    only_with: tuple[Frequency, ...] = ()


_NUMBERS: Final = {
    "BYMONTH": _Numbers("months", 1, 12),
    "BYWEEKNO": _Numbers("week_numbers", 1, _LAST_WEEK, True, (Frequency.YEARLY,)),
    "BYYEARDAY": _Numbers("year_days", 1, 366, True, (Frequency.YEARLY,)),
    "BYMONTHDAY": _Numbers("month_days", 1, 31, True, (Frequency.DAILY, Frequency.MONTHLY, Frequency.YEARLY)),
    "BYHOUR": _Numbers("hours", 0, 23),
    "BYMINUTE": _Numbers("minutes", 0, 59),
    "BYSECOND": _Numbers("seconds", 0, 59),  # 60, a leap second, is on no clock that is asked
    "BYSETPOS": _Numbers("positions", 1, 366, True),
}


def read_rule(text: str) -> Rule:
    """The rule of a text such as `FREQ=WEEKLY;BYDAY=SU;COUNT=8`, in capital letters or not.

    Raises:
        InvalidRuleError: RFC 5545 does not allow it, or it is more frequent than daily.
    """
    parts = _parts(text)
    if parts.get("FREQ") not in list(Frequency):
        raise InvalidRuleError(f"FREQ is one of {', '.join(Frequency)}, not {parts.get('FREQ', 'absent')}; {_EXAMPLE}")
    frequency = Frequency(parts["FREQ"])
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise InvalidRuleError("COUNT and UNTIL both bound the rule: write one of them")
    if "BYSETPOS" in parts and not any(name.startswith("BY") for name in parts.keys() - {"BYSETPOS"}):
        raise InvalidRuleError(
            "BYSETPOS chooses among what another BY part gives; the last working day of a month is "
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
        )
    fields: dict[str, Any] = {}
    for name, value in parts.items():
        if name in _NUMBERS:
            wanted = _NUMBERS[name]
            fields[wanted.field] = _numbers(name, value, wanted, frequency)
        elif name == "BYDAY":
            fields["days"] = _week_days(value, frequency, parts)
        elif name != "FREQ":
            field, read = _SINGLE[name]
            fields[field] = read(name, value)
    return Rule(frequency, **fields)


def _parts(text: str) -> dict[str, str]:
    match = _TEXT.fullmatch(text.strip().upper())
    if match is None:
        raise InvalidRuleError(_EXAMPLE)
    parts: dict[str, str] = {}
    for part in match[1].split(";"):
        name, equals, value = part.partition("=")
        if not equals:
            raise InvalidRuleError(f"{part or 'an empty part'} is no part of a rule; {_EXAMPLE}")
        if name not in _KNOWN:
            raise InvalidRuleError(f"RFC 5545 knows no {name}; its parts are {', '.join(_KNOWN)}")
        if name in parts:
            raise InvalidRuleError(f"{name} stands there twice; write it once{_joined(name, parts[name], value)}")
        parts[name] = value
    return parts


def _joined(name: str, *values: str) -> str:
    """How a part that lists something is written with all of it; of any other nobody knows which is meant."""
    return f": {name}={','.join(values)}?" if name == "BYDAY" or name in _NUMBERS else ""


def _numbers(name: str, value: str, wanted: _Numbers, frequency: Frequency) -> frozenset[int]:
    if wanted.only_with and frequency not in wanted.only_with:
        instead = f"FREQ={wanted.only_with[-1]};{name}={value}"
        raise InvalidRuleError(f"RFC 5545 forbids {name} beside FREQ={frequency}; write for example {instead}")
    return frozenset(_number(name, one, wanted) for one in value.split(","))


def _number(name: str, text: str, wanted: _Numbers) -> int:
    number = int(text) if _NUMBER.fullmatch(text) and (wanted.counts_back or text.isdecimal()) else None
    if number is None or not wanted.lowest <= (abs(number) if wanted.counts_back else number) <= wanted.highest:
        back = f", or -{wanted.highest} to -{wanted.lowest} counted from the end" if wanted.counts_back else ""
        raise InvalidRuleError(f"{name} takes {wanted.lowest} to {wanted.highest}{back}, not {text or 'nothing'}")
    return number


def _week_days(value: str, frequency: Frequency, parts: Mapping[str, str]) -> frozenset[WeekDay]:
    days = set()
    for text in value.split(","):
        match = _DAY.fullmatch(text)
        nth = int(match[1] or 0) if match else 0
        if match is None or (match[1] and not 1 <= abs(nth) <= _LAST_WEEK):
            raise InvalidRuleError(
                f"BYDAY takes {', '.join(_DAYS)}, or as 1SU and -1FR the nth, not {text or 'nothing'}"
            )
        if nth and (frequency in (Frequency.DAILY, Frequency.WEEKLY) or "BYWEEKNO" in parts):
            beside = "BYWEEKNO" if "BYWEEKNO" in parts else f"FREQ={frequency}"
            raise InvalidRuleError(
                f"RFC 5545 forbids BYDAY={text} beside {beside}: write BYDAY={match[2]}, "
                f"or FREQ=MONTHLY;BYDAY={text} for the nth of a month"
            )
        days.add(WeekDay(nth, _DAYS.index(match[2])))
    return frozenset(days)


def _natural(name: str, value: str) -> int:
    return _number(name, value, _Numbers("", 1, 999_999_999))


def _until_ms(name: str, value: str) -> int:
    if not _UNTIL.fullmatch(value):
        raise InvalidRuleError(f"write {name} as a time in UTC, for example {name}=20261231T235959Z")
    try:
        return int(datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1_000)
    except ValueError:
        raise InvalidRuleError(f"{name}={value} is no time of a calendar") from None


def _week_start(name: str, value: str) -> int:
    if value not in _DAYS:
        raise InvalidRuleError(f"{name}, the first day of the week, is one of {', '.join(_DAYS)}, not {value}")
    return _DAYS.index(value)


_SINGLE: Final[Mapping[str, tuple[str, Callable[[str, str], int]]]] = {
    "INTERVAL": ("interval", _natural),
    "COUNT": ("count", _natural),
    "UNTIL": ("until_ms", _until_ms),
    "WKST": ("week_start", _week_start),
}
_KNOWN: Final = ("FREQ", *_SINGLE, "BYDAY", *_NUMBERS)
