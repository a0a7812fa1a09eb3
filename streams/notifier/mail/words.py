"""What a notification says, in words and in the order of reading; text and HTML of a mail show the same. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from streams.compact import compact_json
from streams.notifier.mail.figures import comparison, duration_text
from streams.notifier.mail.names import one_line
from streams.notifier.mail.subject import digest_counts, lasted
from streams.notifier.notification import DAY_MS, STILL_OPEN, Kind, Notification
from streams.notifier.target import Target
from streams.plural import number_of

SCHEMA_PATH: Final = "/schemas/alerts.schema.json"
_MEANINGS: Final = {
    "RESTORED": "The objective is met again.",
    "NO_DATA": "There were no more events to judge by. That is no proof of health.",
    "EXCLUDED": "Its time is excluded, as announced downtime or a fault of the platform: it does not count.",
    "RETIRED": "The objective, or what it was about, is no longer judged.",
}


@dataclass(frozen=True, slots=True)
class Link:
    """Where to read on."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """`headline` is one sentence; `facts` are shown as `key: value`, `rows` of a digest as a table.

    `state` is one of breach, recovery, notice: for the colour.
    """

    state: str
    headline: str
    facts: list[tuple[str, str]]
    text: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    rows: Sequence[Mapping[str, str]] = field(default_factory=list)
    why_you: str = ""


def words_of(told: Notification, target: Target, public_url: str | None) -> Words:
    """What to say to this target."""
    match told.kind:
        case Kind.BREACH | Kind.RECOVERY | Kind.REMINDER:
            return _of_alert(told, target, public_url)
        case Kind.DIGEST:
            return _of_digest(told, target, public_url)
        case _:
            data = told.data
            links = [Link("Read on", f"{public_url}{data['path']}")] if public_url and data["path"] else []
            facts = [(one_line(name), _plain(value)) for name, value in data["facts"].items()]
            return Words(
                "notice", one_line(data["subject"]), facts, list(data["text"]), links, why_you=_why_you(target)
            )


def fields_of(alert: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each field of the alert, by the name that it has in the object."""
    found = []
    for name, value in alert.items():
        if isinstance(value, dict):
            found += [(f"{name}.{inner}", _plain(one)) for inner, one in value.items()]
        else:
            found.append((name, _plain(value)))
    return found


def _plain(value: object) -> str:
    return one_line(value) if isinstance(value, str) else compact_json(value).decode()


def _of_alert(told: Notification, target: Target, public_url: str | None) -> Words:
    alert = told.data
    app, metric = one_line(alert["appDetails"]["name"]), one_line(alert["metricName"])
    seconds = alert["measurementDurationSeconds"]
    window = f"{seconds // 3_600} h" if seconds in (86_400, 172_800) else duration_text(seconds)
    good, bad = alert["goodCount"], alert["badCount"]
    events = number_of(good + bad, "event")
    counts = f"{good:,} good and {bad:,} bad of {events} in the {window} up to {_when(alert['time'], target)}"
    figures = comparison(alert)
    text = []
    if told.kind is Kind.RECOVERY:
        headline = f"{app}: {metric} is no longer below its objective, after {lasted(alert)}."
        text.append(_MEANINGS.get(alert["reason"], ""))
        if figures and alert["reason"] == "RESTORED":
            text.append(f"{figures}: {counts}.")
    else:
        headline = f"{app}: {metric} is below its objective."
        if told.kind is Kind.REMINDER:
            headline = f"{app}: {metric} has been below its objective for {_days_open(told)}."
            text.append("It is still open. The figures are those of its beginning.")
        text.append(f"{figures}: {counts}.")
        text.append(f"Below since {_when(alert['breachedAt'], target)}.")
        text.append(
            "What to do: look at which checks or deliveries fail, and why. If the platform is at fault, tell its "
            "support; downtime that is announced before it begins does not count."
        )
    links = _links(alert, public_url)
    state = "recovery" if told.kind is Kind.RECOVERY else "breach"
    return Words(state, headline, fields_of(alert), [one for one in text if one], links, why_you=_why_you(target))


def _of_digest(told: Notification, target: Target, public_url: str | None) -> Words:
    rows = [
        {
            "state": "breach" if alert["type"] == "BREACH" else "recovery",
            "type": "STILL OPEN" if STILL_OPEN in alert else alert["type"],
            "app": one_line(alert["appDetails"]["name"]),
            "metric": one_line(alert["metricName"]),
            "figures": comparison(alert) or "no events",
            "time": alert["time"],
            "incidentId": alert["incidentId"],
            "url": _alert_url(alert, public_url) or "",
        }
        for alert in told.data
    ]
    headline = f"{digest_counts(told.data)}, too many to tell one by one."
    text = ["Every one of them is listed here, in the order in which they came."]
    links = [Link("All alerts", f"{public_url}/alerts")] if public_url else []
    return Words("notice", headline, [], text, links, rows, _why_you(target))


def _links(alert: Mapping[str, Any], public_url: str | None) -> list[Link]:
    if public_url is None:
        return []
    return [
        Link("This breach", f"{public_url}/alerts/{quote(alert['incidentId'], safe='')}"),
        Link("The app", f"{public_url}/apps/{quote(alert['appKey'], safe='')}"),
        Link("What the fields mean (JSON Schema)", f"{public_url}{SCHEMA_PATH}"),
    ]


def _alert_url(alert: Mapping[str, Any], public_url: str | None) -> str | None:
    return None if public_url is None else f"{public_url}/alerts/{quote(alert['incidentId'], safe='')}"


def _days_open(told: Notification) -> str:
    started = datetime.fromisoformat(told.data["breachedAt"])
    return duration_text((told.time_ms - int(started.timestamp() * 1_000)) // DAY_MS * DAY_MS // 1_000)


def _when(utc: str, target: Target) -> str:
    """A time in UTC, and in the zone of who reads it."""
    moment = datetime.fromisoformat(utc)
    text = f"{moment:%Y-%m-%d %H:%M} UTC"
    if target.timezone == "UTC":
        return text
    return f"{text} ({moment.astimezone(ZoneInfo(target.timezone)):%Y-%m-%d %H:%M} {target.timezone})"


def _why_you(target: Target) -> str:
    if target.is_of_the_catalogue:
        return "You get this because the app catalogue names this address for the app."
    return f"You get this because the targets of the notifier name this address, as {one_line(target.id)}."
