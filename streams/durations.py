"""Durations as people write them: `90s`, `15m`, `24h`, `28d`, `250ms`, or a bare number of seconds."""

import re
from decimal import Decimal

_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "": 1_000}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|)", re.ASCII)


def duration_ms(text: str | float) -> int:
    """Milliseconds of a duration.

    Raises:
        ValueError: not a duration, or finer than a millisecond.
    """
    match = _DURATION.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write for example 30s, 15m, 24h or 28d")
    milliseconds = Decimal(match[1]) * _UNIT_MS[match[2]]
    if milliseconds != int(milliseconds):
        raise ValueError(f"{text!r} is finer than a millisecond")
    return int(milliseconds)
