"""When something happened: RFC 3339 text or epoch milliseconds, floored to milliseconds.

Text follows the `date-time` grammar of RFC 3339 section 5.6 and nothing looser, so that every reader in every
language agrees on the instant: `2022-03-24T15:40:00.123Z`, `2022-03-24t16:40:00+01:00`. Epoch time has no place for a
leap second, `23:59:60Z`: it is the last millisecond of its minute.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

FIRST_MS: Final = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()) * 1_000
"""The earliest time accepted: the first millisecond of the year 2000, UTC."""

LAST_MS: Final = int(datetime(2101, 1, 1, tzinfo=UTC).timestamp()) * 1_000 - 1
"""The latest time accepted: the last millisecond of the year 2100, UTC."""

PATTERN: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)"
    r"(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""The grammar for JSON Schema; which days a month has, and which minutes 61 seconds, is beyond it."""

_SECOND = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])")
_DAY_MS: Final = 86_400_000
_SECONDS_REMEMBERED: Final = 4_096
_EPOCH_DAY = date(1970, 1, 1).toordinal()

# Every spelling of a part is an entry of a table: strict by construction, and faster than a regular expression.
_FRACTION_MS: Final[dict[str, int]] = {
    f".{digits:0{width}}": digits * 10 ** (3 - width) for width in (1, 2, 3) for digits in range(10**width)
}
_OFFSET_MS: Final = {"Z": 0, "z": 0} | {
    f"{sign}{hour:02}:{minute:02}": factor * (hour * 60 + minute) * 60_000
    for sign, factor in (("+", 1), ("-", -1))
    for hour in range(24)
    for minute in range(60)
}

_TAIL_MS: Final = {"Z": 0, "z": 0} | {f"{text}{zulu}": ms for text, ms in _FRACTION_MS.items() for zulu in "Zz"}
"""What may follow the second in UTC; a text with another offset is longer than all of these."""
_LONGEST_IN_UTC: Final = len("2022-03-24T15:40:00.123Z")
_TO_THE_SECOND: Final = slice(len("2022-03-24T15:40:00"))
_BEHIND_IT: Final = slice(_TO_THE_SECOND.stop, None)


def epoch_ms(value: int | str) -> int:
    """Milliseconds since the epoch; finer digits are cut off, never rounded.

    Raises:
        ValueError: neither of the two forms, no such day, or outside the years 2000 to 2100 (UTC); says which.
    """
    if isinstance(value, str):
        time_ms = _read(value)
    elif type(value) is int:
        time_ms = value
    else:
        raise ValueError("a time is RFC 3339 text or integer epoch milliseconds")
    if FIRST_MS <= time_ms <= LAST_MS:
        return time_ms
    raise ValueError(f"{_shown(value)} is outside the years 2000 to 2100 (epoch times are in milliseconds)")


def read_times(events: list[Any]) -> None:
    """Set each `time` that is text to what `epoch_ms` says; None instead of an event whose time is none.

    Written out for the usual spellings: a few look-ups cost little beside all else that is done for an event.
    """
    seconds_ms, tails_ms, fractions_ms, offsets_ms = _SECONDS_MS, _TAIL_MS, _FRACTION_MS, _OFFSET_MS
    to_the_second, behind_it, longest_in_utc = _TO_THE_SECOND, _BEHIND_IT, _LONGEST_IN_UTC
    are_all_read = True
    for event in events:
        if event is not None and type(text := event.time) is str:
            try:
                if len(text) <= longest_in_utc:
                    event.time = seconds_ms[text[to_the_second]] + tails_ms[text[behind_it]]
                elif text[19] != ".":
                    event.time = seconds_ms[text[to_the_second]] - offsets_ms[text[behind_it]]
                else:  # finer digits are cut off
                    offset_ms = offsets_ms[text[23:].lstrip("0123456789")]
                    event.time = seconds_ms[text[to_the_second]] + fractions_ms[text[19:23]] - offset_ms
            except (LookupError, ValueError):
                are_all_read = False
    if not are_all_read:
        events[:] = map(_timed, events)


def _timed(event: Any) -> Any:
    if event is not None and type(event.time) is str:
        try:
            event.time = epoch_ms(event.time)
        except ValueError:
            return None
    return event


@lru_cache(maxsize=4_096)  # the alerts of one boundary share all their times
def utc_text(time_ms: int) -> str:
    """A boundary as alerts write it: 2022-03-24T15:40:00Z."""
    return datetime.fromtimestamp(time_ms // 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc_text_if_any(time_ms: int | None) -> str | None:
    """The same, and None where there is no such time."""
    return None if time_ms is None else utc_text(time_ms)


def _read(text: str) -> int:
    try:
        if text[-1:] == "Z" or text[-1:] == "z":
            end = len(text) - 1
            time_ms = _second_ms(text[:19])
        else:
            end = len(text) - 6
            time_ms = _second_ms(text[:19]) - _OFFSET_MS[text[end:]]
        if end == 19:
            return time_ms
        if end <= 23 or (text[23:end].isascii() and text[23:end].isdigit()):
            return time_ms + _FRACTION_MS[text[19 : min(end, 23)]]
    except KeyError:
        if text[17:19] == "60":
            return _leap_second_ms(text)
    raise ValueError(f"{_shown(text)} is not an RFC 3339 time with an offset; write for example 2022-03-24T15:40:00Z")


def _leap_second_ms(text: str) -> int:
    """Leap seconds are put in at the end of a day in UTC, wherever the clock on the wall stands then."""
    second_ms = _read(f"{text[:17]}59{text[19:]}")
    next_ms = second_ms - second_ms % 1_000 + 1_000
    if next_ms % _DAY_MS:
        raise ValueError(f"{_shown(text)} is no leap second: those end a day in UTC, 23:59:60Z")
    return next_ms - 1


# Events come roughly in the order of time: almost every one shares its second with others.
@lru_cache(maxsize=_SECONDS_REMEMBERED)
def _second_ms(text: str) -> int:
    """Epoch milliseconds of `2022-03-24T15:40:00` read as UTC."""
    match = _SECOND.fullmatch(text)
    if match is None:
        raise KeyError(text)
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        raise ValueError(f"there is no day {text[:10]}") from None
    return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000


class _Seconds(dict[str, int]):
    """`_second_ms` of what was asked for lately: a look-up here costs half as much as its cache.

    Without the first and the last day of all times, which an offset may lead out of.
    """

    def __missing__(self, text: str) -> int:
        second_ms = _second_ms(text)
        if not FIRST_MS + _DAY_MS <= second_ms <= LAST_MS - _DAY_MS:
            raise KeyError(text)
        if len(self) >= _SECONDS_REMEMBERED:
            self.clear()
        self[text] = second_ms
        return second_ms


_SECONDS_MS: Final = _Seconds()


def _shown(value: int | str) -> str:
    """The value as a log may hold it: escaped and short."""
    text = repr(value)
    return text if len(text) <= 50 else f"{text[:50]}..."
