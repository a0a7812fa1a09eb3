"""Subjects: the state first, then what it is about; at most 120 characters, and no figure that looks better. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from schemas.event_time import epoch_ms
from streams.notifier.mail.figures import comparison, duration_text
from streams.notifier.mail.names import one_line, shortened
from streams.notifier.notification import DAY_MS, STILL_OPEN, Kind, Notification
from streams.plural import number_of

LONGEST: Final = 120
_LEAST_NAME: Final = 24

WHY_OVER: Final = {
    "NO_DATA": "no more events",
    "EXCLUDED": "does not count",
    "RETIRED": "no longer judged",
}
"""Recoveries that say nothing of how the app does."""


def subject(told: Notification) -> str:
    """What the subject of a mail, or the first line of anything else, says."""
    match told.kind:
        case Kind.BREACH | Kind.RECOVERY | Kind.REMINDER:
            return _of_alert(f"[{state(told)}]", told.data, told.kind)
        case Kind.DIGEST:
            return f"[DIGEST] {digest_counts(told.data)}"
        case _:
            return shortened(f"[{told.kind}] {one_line(told.data['subject'])}", LONGEST)


def state(told: Notification) -> str:
    """What the brackets hold."""
    if told.kind is not Kind.REMINDER:
        return told.kind
    return f"STILL OPEN {(told.time_ms - epoch_ms(told.data['breachedAt'])) // DAY_MS} d"


def _of_alert(brackets: str, alert: Mapping[str, Any], kind: Kind) -> str:
    figures = comparison(alert) or ""
    if kind is Kind.RECOVERY:
        figures = WHY_OVER.get(alert["reason"], figures)
        figures = f"{figures} (after {lasted(alert)})".strip()
    app, metric = one_line(alert["appDetails"]["name"]), one_line(alert["metricName"])
    left = LONGEST - len(f"{brackets} :  {figures}")
    app = shortened(app, max(_LEAST_NAME, left - len(metric)))
    metric = shortened(metric, left - len(app))
    return f"{brackets} {app}: {metric} {figures}".strip()


def lasted(alert: Mapping[str, Any]) -> str:
    """From breach to recovery: `42 min`."""
    return duration_text((epoch_ms(alert["time"]) - epoch_ms(alert["breachedAt"])) // 1_000)


def digest_counts(alerts: Sequence[Mapping[str, Any]]) -> str:
    """`37 breaches, 4 recoveries, 12 still open, 29 apps`."""
    still_open = sum(STILL_OPEN in alert for alert in alerts)
    apps = len({alert["appKey"] for alert in alerts})
    recoveries = sum(alert["type"] == "RECOVERY" for alert in alerts)
    breaches = len(alerts) - recoveries - still_open
    counts = [
        number_of(breaches, "breach", "breaches") if breaches else "",
        number_of(recoveries, "recovery", "recoveries") if recoveries else "",
        f"{still_open:,} still open" if still_open else "",
        number_of(apps, "app"),
    ]
    return ", ".join(filter(None, counts))
