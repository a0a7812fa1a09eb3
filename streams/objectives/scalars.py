"""The scalars of an objectives file, from their text: decimals, durations, names, metric ids, switches."""

import re
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

from streams.durations import duration_ms
from streams.names import METRICS

_DECIMAL: Final = re.compile(r"\d{1,12}(\.\d{1,18})?|\.\d{1,18}", re.ASCII)
_WHOLE: Final = re.compile(r"-?\d{1,12}", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?", re.ASCII)
_HAS_UNIT: Final = re.compile(r"[0-9.]{1,15}(ms|[a-zA-Z])", re.ASCII)
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
    if text not in ("true", "false"):
        raise ValueError(f"should be true or false, not {text!r}")
    return text == "true"


WholeNumber = Annotated[int, BeforeValidator(_whole)]
PlainDecimal = Annotated[Decimal, BeforeValidator(_decimal)]
DurationMs = Annotated[int, BeforeValidator(_duration)]
PositiveDurationMs = Annotated[DurationMs, AfterValidator(_some_time)]
WholeSecondsMs = Annotated[DurationMs, AfterValidator(_whole_seconds)]
Name = Annotated[str, AfterValidator(_name)]
MetricId = Annotated[str, AfterValidator(_metric)]
Switch = Annotated[bool, BeforeValidator(_switch)]
