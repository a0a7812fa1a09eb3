"""Alertmanager: an alert that ends by itself unless it is told again, as it is each minute while the breach is open.

Alertmanager keeps alerts in memory only, and lets one that is not repeated go: `resend` sends what is open from the
database. Source: Alertmanager's API v2.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from streams.compact import compact_json
from streams.notifier.channel import Message
from streams.notifier.channels.http import JSON, HttpChannel, Request
from streams.notifier.channels.reading import link, paragraphs
from streams.notifier.mail.names import one_line
from streams.notifier.mail.subject import subject
from streams.notifier.notification import OF_ALERTS, Kind, Notification
from streams.notifier.target import Target

RESEND_S: Final = 60.0
"""How often an open breach is told again."""
_HOLDS: Final = timedelta(seconds=2 * RESEND_S)  # one lost repetition ends nothing
_NOTICE_HOLDS: Final = timedelta(hours=1)


class AlertmanagerChannel(HttpChannel):
    """Labels are what an alert is known by, and nothing else: texts are annotations, and may change."""

    name = "alertmanager"

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """The alert; of one that is open without its end, which moves on with each repetition."""
        alert: dict[str, Any] = {
            "labels": {name: value for name, value in _labels(told).items() if value},
            "annotations": {
                "summary": subject(told),
                "description": "\n".join(paragraphs(told, target, self.public_url)),
            },
            "startsAt": _text(told.time_ms),
        }
        if told.kind in OF_ALERTS:
            alert["startsAt"] = told.data["breachedAt"]
            if told.kind is Kind.RECOVERY:
                alert["endsAt"] = told.data["time"]
        else:
            alert["endsAt"] = (now + _NOTICE_HOLDS).isoformat()
        if url := link(told, self.public_url):
            alert["generatorURL"] = url
        return Message(delivery_id, compact_json(alert), JSON)

    def request(self, message: Message, target: Target, now: datetime) -> Request:
        """One alert."""
        return self.repeated([message.body], target, now)

    def repeated(self, alerts: list[bytes], target: Target, now: datetime) -> Request:
        """Alerts as they were rendered, told at a time: those that are open end a while after it."""
        ends = (now + _HOLDS).isoformat()
        body = compact_json([{"endsAt": ends, **orjson.loads(alert)} for alert in alerts])
        token = {} if target.secret is None else {"Authorization": f"Bearer {target.secret}"}
        return Request(f"{target.address.rstrip('/')}/api/v2/alerts", body, {**JSON, **token})


def _labels(told: Notification) -> dict[str, str | None]:
    if told.kind not in OF_ALERTS:
        return {"alertname": f"SLO{told.kind.title()}", "appKey": told.app_key, "incident": told.thread}
    alert = told.data
    return {
        "alertname": "SLOBreach",
        "appKey": alert["appKey"],
        "metricId": alert["metricId"],
        "scope": alert["scope"],
        "objective": alert["objective"],
        "incident": alert["incidentId"],
        "partner": one_line(told.partner or ""),
        "severity": alert["severity"],
    }


def _text(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat()
