"""Figures for people: percents that never look better than they are, and how long something lasted. Pure."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

_MOST_PLACES: Final = 12
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def percent_text(value: Fraction, places: int = 1) -> str:
    """To so many places, without noughts at the end: `98.7 %`."""
    rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(
        Decimal(1).scaleb(-places), ROUND_HALF_UP
    )
    return f"{rounded.normalize():f} %"


def comparison(alert: Mapping[str, Any]) -> str | None:
    """How the SLI stands to its objective: `98.96 % < 99 %`; None where there is no SLI.

    It is rounded to as few places as leave the truth: what is missed never looks met, nor what is not all like all.
    """
    if not alert["goodCount"] + alert["badCount"]:
        return None
    return _compared(alert["goodCount"], alert["badCount"], alert["sloValue"], alert["type"] == "BREACH")


@lru_cache(maxsize=1_024)  # subject and text say the same
def _compared(good: int, bad: int, objective: float, is_breach: bool) -> str:
    sli, slo = Fraction(100 * good, good + bad), Fraction(str(objective))
    sign = _sign(sli, slo)
    if sign == "<=" and not is_breach:
        sign = ">="
    for places in range(1, _MOST_PLACES):
        text = percent_text(sli, places)
        shown = Fraction(text.removesuffix(" %"))
        if _sign(shown, slo) in (_sign(sli, slo), sign) and (shown < 100) == (sli < 100):
            break
    return f"{text} {sign} {percent_text(slo, _MOST_PLACES)}"


def _sign(sli: Fraction, slo: Fraction) -> str:
    return "<" if sli < slo else "<=" if sli == slo else ">="


def duration_text(seconds: int) -> str:
    """In its two largest units: `2 d`, `1 h 5 min`."""
    parts = []
    for unit, length in _UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"
