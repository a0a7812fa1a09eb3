"""What a field of a record may be, checked by hand: section "Topics" of the interface."""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Check = Callable[[Any], bool]


def text(limit: int = 256) -> Check:
    return lambda value: isinstance(value, str) and 1 <= len(value) <= limit and _is_whole(value)


def _is_whole(written: str) -> bool:
    """Half a surrogate pair is no text."""
    return not any("\ud800" <= letter <= "\udfff" for letter in written)


def one_of(*allowed: str) -> Check:
    return lambda value: isinstance(value, str) and value in allowed


def integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max


def anything(_: Any) -> bool:
    """Nobody reads it."""
    return True


def time(value: Any) -> bool:
    return epoch_ms(value) is not None


def or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def fits(body: dict[str, Any], fields: dict[str, Check]) -> bool:
    """Whether every field passes; an absent one is null, and unknown ones are nobody's business."""
    return all(check(body.get(name)) for name, check in fields.items())


_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_END_MS = (datetime(2101, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def epoch_ms(value: Any) -> int | None:
    """Epoch milliseconds, floored, of the years 2000 to 2100; None if it is not a time."""
    if isinstance(value, str):
        value = _rfc3339_ms(value)
    if not integer(value) or not _FIRST_MS <= value < _END_MS:
        return None
    return int(value)


def _rfc3339_ms(written: str) -> int | None:
    match = _RFC3339.fullmatch(written) if text()(written) else None
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    if int(offset_hours or 0) > 23 or int(offset_minutes or 0) > 59:
        return None
    is_leap = second == 60
    try:
        local = datetime(year, month, day, hour, minute, 59 if is_leap else second, tzinfo=UTC)
    except ValueError:  # no such day, hour 24
        return None
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0)) * (-1 if sign == "-" else 1)
    seconds = (local - _EPOCH - offset) // timedelta(seconds=1)
    if is_leap:
        return seconds * 1_000 + 999 if seconds % 86_400 == 86_399 else None
    milliseconds = int(((fraction or "") + "000")[:3])
    return seconds * 1_000 + milliseconds
