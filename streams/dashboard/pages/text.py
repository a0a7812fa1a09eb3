"""How pages write numbers, times and names: one way each, and never a figure that reads as met where it is missed."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup, escape

from schemas.event_time import epoch_ms, utc_text
from streams.names import METRICS
from streams.plural import number_of

_SECOND_MS: Final = 1_000
_MINUTE_MS: Final = 60 * _SECOND_MS
_HOUR_MS: Final = 60 * _MINUTE_MS
_DAY_MS: Final = 24 * _HOUR_MS
_DIGITS: Final = 2
_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT[\d:.]+Z)")

STAGES: Final = {
    "CLEAR": ("good", "Clear", "Nothing of the last 28 days counts."),
    "NOTIFIED": (
        "risk",
        "Notified",
        "A breach counts. Its people hear of each one; after 28 days without any, clear.",
    ),
    "REMEDIATION": ("risk", "Remediation", "Three episodes in 28 days. The cause has to be removed; it lasts 28 days."),
    "DEMOTION_DUE": (
        "bad",
        "Demotion due",
        "A further breach after 28 days of remediation, or the 28-day target missed twice running. A person decides.",
    ),
    "DEMOTED": ("bad", "Demoted", "A person has decided. Back by a person, after 28 days without a counted breach."),
}
"""Stage -> colour, name, and what it takes to be there."""

_RECOVERIES: Final = {
    "RESTORED": "the objective is met again",
    "NO_DATA": "no events came, which is no proof of health",
    "EXCLUDED": "it does not count: an exclusion covers it",
    "RETIRED": "the objective or the URL is no longer judged",
}
_CHANGES: Final = {
    "BREACH": "a breach counted",
    "TIME": "time went by",
    "TARGET_MISSED": "the 28-day target was missed twice running",
    "DECISION": "a person decided",
    "RETRACTED": "what it stood on no longer counts",
    "REVIEW_DUE": "what it stood on no longer counts, and a person has to review it",
}
_STATE_KINDS: Final = {"EXHAUSTED": "bad", "AT_RISK": "risk", "MET": "good"}


def whole(number: int) -> str:
    """With separators: 1,204,311."""
    return f"{number:,}"


def plain(number: float) -> str:
    """As few digits as tell it: 99, 99.9."""
    return format(Decimal(repr(number)).normalize(), "f")


def percent_of(target: str) -> str:
    """A target as written, in percent: "0.999" is 99.9 %."""
    return f"{(Decimal(target) * 100).normalize():f} %"


def rate(good: int, bad: int, target: str) -> str:
    """The share of good events, rounded down, with as many digits as the target has at least."""
    digits = max(_DIGITS, _digits(Decimal(target) * 100))
    return f"{_floored(Decimal(100 * good) / (good + bad), digits)} %"


def percent_value(value: float | None, target: float) -> str:
    """A share in percent, as alerts have it, rounded down."""
    if value is None:
        return "no events"
    return f"{_floored(Decimal(repr(value)), max(_DIGITS, _digits(Decimal(repr(target)))))} %"


def share(consumed: float | None) -> str:
    """A share of a budget; never 100 % where something is left, or less where nothing is."""
    if consumed is None:
        return "–"
    percent = Decimal(repr(consumed)) * 100
    return f"{_floored(percent, 1 if percent < 1_000 else 0):,} %"


def times(number: float) -> str:
    """How many times as fast: two digits are enough, and 0 is nothing at all."""
    if number == 0:
        return "0"
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}" if number >= 1 else f"{max(number, 0.01):.2f}"


def threshold(number: float) -> str:
    """A burn rate as a rule has it: 13.44, 5.6, 0.9333."""
    return f"{number:.4g}"


def millis(latency_ms: float | None) -> str:
    """A latency, which is known to 4 % at best."""
    if latency_ms is None:
        return "–"
    return f"{latency_ms / 1_000:.1f} s" if latency_ms >= 1_000 else f"{latency_ms:.0f} ms"


def duration(duration_ms: int) -> str:
    """A duration in its two greatest units: 2 d 4 h, 35 min."""
    duration_ms = max(0, duration_ms)
    units = (("d", _DAY_MS), ("h", _HOUR_MS), ("min", _MINUTE_MS), ("s", _SECOND_MS))
    for (name, unit_ms), (lower, lower_ms) in pairwise(units):
        if duration_ms >= unit_ms:
            rest = duration_ms % unit_ms // lower_ms
            return f"{duration_ms // unit_ms:,} {name}" + (f" {rest} {lower}" if rest else "")
    return f"{duration_ms // _SECOND_MS} s"


def age(duration_ms: int) -> str:
    """How long something lasts that still goes on, in whole minutes: for a minute a page says the same."""
    return "under a minute" if duration_ms < _MINUTE_MS else duration(duration_ms // _MINUTE_MS * _MINUTE_MS)


def as_ms(time: int | str) -> int:
    """Epoch ms of a time that is either that already, or RFC 3339."""
    return time if isinstance(time, int) else epoch_ms(time)


def iso(time: int | str) -> str:
    """RFC 3339 in UTC."""
    return utc_text(as_ms(time))


def moment_text(time: int | str, *, seconds: bool = False) -> str:
    """28 Nov 12:04 UTC, with the year where it is not this one."""
    when = _datetime(as_ms(time))
    year = "" if when.year == datetime.now(UTC).year else f" {when.year}"
    return (
        f"{when.day} {when:%b}{year} {when:%H:%M:%S} UTC" if seconds else f"{when.day} {when:%b}{year} {when:%H:%M} UTC"
    )


def moment(time: int | str, *, seconds: bool = False) -> Markup:
    """A time that a script may show in the reader's zone."""
    return Markup('<time class="nowrap" datetime="{}">{}</time>').format(iso(time), moment_text(time, seconds=seconds))


def with_moments(words: str) -> Markup:
    """Words, with each time in them as `moment` shows it."""
    return Markup().join(_moment_if_any(part) for part in _TIME.split(words))


def _moment_if_any(part: str) -> Markup:
    try:
        return moment(part)
    except ValueError:
        return escape(part)


def field_time(text: str) -> str:
    """A time as a field for times takes it, without its zone: 2026-11-29T02:00."""
    return text.removesuffix("Z").removesuffix(":00") if text.count(":") == 2 else text.removesuffix("Z")


def day(time_ms: int) -> str:
    """Sat 28 Nov."""
    when = _datetime(time_ms)
    return f"{when:%a} {when.day} {when:%b}"


def metric_title(metric_id: str, scope: str = "") -> str:
    """The display name of a series, or of a metric alone; an unknown one by its id."""
    metric = METRICS.get(metric_id)
    return metric_id if metric is None else metric.display_name(scope).strip()


def prose(words: str) -> Markup:
    """Words, with what is to be typed, which is between backticks, as such."""
    parts = [
        escape(part) if at % 2 == 0 else Markup("<code>{}</code>").format(part)
        for at, part in enumerate(words.split("`"))
    ]
    return Markup().join(parts)


def app_url(app_key: str) -> str:
    """The page of an app."""
    return f"/apps/{quote(app_key, safe='')}"


def anchor(item: Mapping[str, Any]) -> str:
    """The place of a series on the page of its app: a name that is no address and may be an id."""
    digest = sha256(f"{item['metricId']}\0{item['scope']}".encode()).hexdigest()[:8]
    return f"{item['metricId']}-{digest}"


def outlook(item: Mapping[str, Any]) -> str:
    """What becomes of a budget if all goes on like the last day."""
    if item["state"] == "NO_DATA":
        return "no events, so nothing can be said"
    if item["state"] == "EXHAUSTED":
        return "the target is missed"
    if item["exhaustedAt"] is None:
        return f"lasts {item['periodDays']} d and more if it goes on like the last day"
    return f"gone by {moment_text(item['exhaustedAt'])} if it goes on like the last day"


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "whole": whole,
    "number_of": number_of,
    "threshold": threshold,
    "plain": plain,
    "percent_of": percent_of,
    "rate": rate,
    "percent_value": percent_value,
    "share": share,
    "times": times,
    "millis": millis,
    "duration": duration,
    "age": age,
    "as_ms": as_ms,
    "iso": iso,
    "moment": moment,
    "moment_text": moment_text,
    "with_moments": with_moments,
    "field_time": field_time,
    "day": day,
    "metric_title": metric_title,
    "app_url": app_url,
    "prose": prose,
    "anchor": anchor,
    "outlook": outlook,
    "state_kind": lambda state: _STATE_KINDS.get(state, "none"),
    "stage_kind": lambda stage: STAGES[stage][0],
    "stage_words": lambda stage: STAGES[stage][1],
    "recovery_words": lambda reason: _RECOVERIES.get(reason, reason),
    "change_words": lambda reason: _CHANGES.get(reason, reason),
}
"""By the name that templates use."""


def _datetime(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / _SECOND_MS, UTC)


def _digits(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _floored(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_FLOOR)
