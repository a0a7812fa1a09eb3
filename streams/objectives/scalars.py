"""The scalars of an objectives file, from their text: decimals, shares, durations, names, metric ids, switches."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

from streams.durations import duration_ms
from streams.names import METRICS

_DECIMAL: Final = re.compile(r"\d{1,12}(\.\d{1,18})?|\.\d{1,18}", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,12}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)
_PERCENT: Final = re.compile(r"(\d{1,3}(?:\.\d{1,18})?) ?%", re.ASCII)
_LEVELS: Final = re.compile(r"\d{1,3}( ?, ?\d{1,3})*", re.ASCII)
_TRUE: Final = ("true", "True", "TRUE")  # by the core schema of YAML 1.2
_FALSE: Final = ("false", "False", "FALSE")
_HAS_UNIT: Final = re.compile(r"[0-9.]{1,15}(ms|[a-zA-Z])", re.ASCII)
_CALENDAR: Final = ("M", "Q", "Y")
_HOP_UNIT_MS: Final = 1_000


def _decimal(text: object) -> Decimal:
    if not isinstance(text, str) or _DECIMAL.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a plain decimal number such as 0.999 or 14.4")
    return Decimal(text)


def _whole(text: object) -> object:
    if not isinstance(text, str) or _WHOLE.fullmatch(text) is None:
        raise ValueError(f"should be a whole number, not {text!r}")
    return text


def _duration(text: object) -> int:
    # A bare number would be seconds here and minutes in OpenSLO's time slices: the unit is asked for.
    if not isinstance(text, str) or _HAS_UNIT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a duration with its unit; write for example 30s, 15m, 24h or 28d")
    if text[-1] in _CALENDAR:
        raise ValueError(f"{text!r} is not a duration of fixed length; write days or weeks, for example 30d or 4w")
    return duration_ms(text)


def _some_time(milliseconds: int) -> int:
    if milliseconds == 0:
        raise ValueError("should be longer than 0")
    return milliseconds


def _whole_seconds(milliseconds: int) -> int:
    if milliseconds == 0 or milliseconds % _HOP_UNIT_MS:
        raise ValueError("should be a whole number of seconds, at least 1s")
    return milliseconds


def _name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise ValueError(
            f"{text!r} is not a name: 1 to 100 letters, digits, '.', '_' or '-', a letter or digit at the ends"
        )
    return text


def _metric(text: str) -> str:
    if text not in METRICS:
        raise ValueError(f"{text!r} is not a metric; choose {', '.join(METRICS)}")
    return text


def _switch(text: object) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError(f"should be true or false, not {text!r}")


def _share(text: object) -> Fraction:
    match = _PERCENT.fullmatch(text) if isinstance(text, str) else None
    share = Fraction(match[1]) / 100 if match else Fraction(0)
    if not 0 < share <= 1:
        raise ValueError(f"{text!r} is not a percentage above 0 % and at most 100 %; write for example 2%")
    return share


def _levels(text: object) -> tuple[int, ...]:
    if not isinstance(text, str) or _LEVELS.fullmatch(text) is None:
        raise ValueError(f'{text!r} is not a list of percents; write for example "50,75,90,100"')
    levels = sorted({int(level) for level in text.split(",")})
    if levels[0] < 1 or levels[-1] > 100:
        raise ValueError(f"{text!r} has a level that is not between 1 and 100 percent")
    return tuple(levels)


WholeNumber = Annotated[int, BeforeValidator(_whole)]
PlainDecimal = Annotated[Decimal, BeforeValidator(_decimal)]
DurationMs = Annotated[int, BeforeValidator(_duration)]
PositiveDurationMs = Annotated[DurationMs, AfterValidator(_some_time)]
WholeSecondsMs = Annotated[DurationMs, AfterValidator(_whole_seconds)]
Name = Annotated[str, AfterValidator(_name)]
MetricId = Annotated[str, AfterValidator(_metric)]
Share = Annotated[Fraction, BeforeValidator(_share)]
Levels = Annotated[tuple[int, ...], BeforeValidator(_levels)]
Switch = Annotated[bool, BeforeValidator(_switch)]
