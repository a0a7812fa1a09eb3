"""What a notification says, in words that every channel shares: one line, its facts, and where to read on. Pure."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from schemas.event_time import epoch_ms
from streams.notifier.notification import OF_ALERTS, Kind, Notification

HEADLINE_LENGTH: Final = 120
_DAY_MS: Final = 86_400_000
_UNITS: Final = ((_DAY_MS, "d"), (3_600_000, "h"), (60_000, "min"))
_ENDED: Final = {
    "NO_DATA": "no events any more",
    "EXCLUDED": "does not count",
    "RETIRED": "no longer watched",
}
WHY: Final = {
    "BELOW_OBJECTIVE": "The share of good events fell below the objective.",
    "RESTORED": "The objective is met again.",
    "NO_DATA": "There are no events any more. That is no proof of health.",
    "EXCLUDED": "It does not count: the time is excluded, as planned downtime or a fault of the platform.",
    "RETIRED": "The app, its URL or the objective is no longer watched.",
}
"""What each reason of an alert means, for people."""


def headline(told: Notification, limit: int = HEADLINE_LENGTH) -> str:
    """One line with the state first: `[BREACH] Charts: Jira Webhook Delivery Success Rate 98.7 % < 99 %`."""
    state, subject, end = _parts(told)
    room = limit - len(state) - len(end)
    return f"{state}{clipped(clean(subject), room)}{end}"


def facts(data: Mapping[str, Any]) -> dict[str, object]:
    """What there is to say of an alert, by the names that it has there; of a notice what it brings."""
    if "incidentId" not in data:
        return dict(data.get("facts") or {})
    details = data["appDetails"]
    rest = {name: value for name, value in data.items() if name != "appDetails"}
    return {**rest, "appName": details["name"], "partnerName": details["partnerName"]}


def compared(sli: float | None, slo: float, *, is_breach: bool) -> str:
    """`98.7 % < 99 %`: with as few digits as never let a miss read as met, nor what is met as missed or as perfect."""
    if sli is None:
        return f"no events, objective {percent(slo)}"
    exact, objective = Decimal(repr(sli)), Decimal(repr(slo))
    sign = ("<" if exact < objective else "<=") if is_breach else (">=" if exact >= objective else "<")
    for digits in range(1, 18):
        shown = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
        if (shown < objective) == (exact < objective) and (shown < 100) == (exact < 100):
            return f"{_plain(shown)} % {sign} {percent(slo)}"
    return f"{_plain(exact)} % {sign} {percent(slo)}"


def percent(value: float) -> str:
    """A percentage as exact as it is given: `99 %`, `99.9 %`."""
    return f"{_plain(Decimal(repr(value)))} %"


def span(duration_ms: int) -> str:
    """A length of time in its two largest units: `42 min`, `2 h 5 min`, `3 d`."""
    rest_ms, parts = duration_ms, []
    for unit_ms, unit in _UNITS:
        count, rest_ms = divmod(rest_ms, unit_ms)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "less than 1 min"


def clean(text: str) -> str:
    """Text of others on one line, without anything that is not seen: controls, marks that turn the direction."""
    kept = (" " if character.isspace() else character for character in text)
    return " ".join("".join(filter(str.isprintable, kept)).split())


def clipped(text: str, length: int) -> str:
    """The text, cut where it is too long, and then it says so."""
    return text if len(text) <= length else f"{text[: max(0, length - 3)]}..."[:length]


def _parts(told: Notification) -> tuple[str, str, str]:
    """State, subject and end of the line; only the subject may be cut."""
    if told.kind is Kind.DIGEST:
        return "[DIGEST] ", _counted(told.data), ""
    if told.kind not in OF_ALERTS:
        return f"[{told.kind}] ", told.data["subject"], ""
    alert = told.data
    named = f"{alert['appDetails']['name']}: {alert['metricName']}"
    open_ms = told.time_ms - epoch_ms(alert["breachedAt"])
    if told.kind is Kind.RECOVERY:
        said = _ENDED.get(alert["reason"]) or compared(alert["sliValue"], alert["sloValue"], is_breach=False)
        return "[RECOVERY] ", named, f" {said} (after {span(open_ms)})"
    is_reminder = told.kind is Kind.REMINDER
    state = f"[STILL OPEN {max(1, open_ms // _DAY_MS)} d] " if is_reminder else "[BREACH] "
    return state, named, f" {compared(alert['sliValue'], alert['sloValue'], is_breach=True)}"


def _counted(alerts: Iterable[Mapping[str, Any]]) -> str:
    some = list(alerts)
    breaches = sum(alert["type"] == "BREACH" for alert in some)
    recoveries = len(some) - breaches
    apps = len({alert["appKey"] for alert in some})
    counts = ((breaches, "breach", "breaches"), (recoveries, "recovery", "recoveries"), (apps, "app", "apps"))
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counts if count)


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
