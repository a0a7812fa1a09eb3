"""Notifications for tests: of the alert that the programme's page shows, and of others."""

from typing import Any, Final

from schemas.event_time import epoch_ms
from streams.notifier.notification import Kind, Notification, notice
from streams.notifier.notification import digest as digest_of

BREACH: Final[dict[str, Any]] = {
    "type": "BREACH",
    "appKey": "com.example.charts",
    "appDetails": {"name": "Charts", "partnerName": "Acme"},
    "incidentId": "fNrYLMgXlmU",
    "incidentStatus": "ANOMALOUS",
    "time": "2026-03-24T15:40:00Z",
    "metricName": "Jira Webhook Delivery Success Rate",
    "metricUnit": "PERCENT",
    "measurementDurationSeconds": 900,
    "sliValue": 98.7,
    "sloValue": 99.0,
    "metricId": "webhook-delivery-success-rate",
    "scope": "Jira",
    "objective": "webhook-delivery-15m",
    "goodCount": 987,
    "badCount": 13,
    "windowStart": "2026-03-24T15:25:00Z",
    "windowEnd": "2026-03-24T15:40:00Z",
    "reason": "BELOW_OBJECTIVE",
    "breachedAt": "2026-03-24T15:40:00Z",
    "severity": "page",
    "service": "marketplace-apps",
}
RECOVERY: Final[dict[str, Any]] = {
    **BREACH,
    "type": "RECOVERY",
    "incidentStatus": "OK",
    "time": "2026-03-24T16:22:00Z",
    "sliValue": 99.4,
    "goodCount": 994,
    "badCount": 6,
    "windowStart": "2026-03-24T16:07:00Z",
    "windowEnd": "2026-03-24T16:22:00Z",
    "reason": "RESTORED",
}


def told(alert: dict[str, Any] = BREACH, **changes: Any) -> Notification:
    """The notification of an alert; `changes` are of its fields."""
    alert = {**alert, **changes}
    kind = Kind(alert["type"])
    incident = alert["incidentId"]
    name = f"{incident}-{kind.lower()}"
    return Notification(
        name, kind, incident, epoch_ms(alert["time"]), alert, alert["appKey"], "acme", alert["severity"]
    )


def reminder(days: int, **changes: Any) -> Notification:
    """The reminder of a breach that has been open for so many days."""
    alert = {**BREACH, **changes}
    incident = alert["incidentId"]
    time_ms = epoch_ms(alert["breachedAt"]) + days * 86_400_000
    return Notification(
        f"{incident}-reminder-{days}", Kind.REMINDER, incident, time_ms, alert, alert["appKey"], "acme", "page"
    )


def digest(*alerts: dict[str, Any]) -> Notification:
    """A digest of alerts."""
    data = digest_of([(Kind(alert["type"]), alert) for alert in alerts])
    return Notification("digest-ops-1", Kind.DIGEST, "digest-ops-1", epoch_ms(BREACH["time"]), data)


def standing(subject: str = "Charts is in remediation") -> Notification:
    """A notification that is no alert."""
    data = notice(subject, ["Three episodes in 28 days."], {"stage": "REMEDIATION"}, "/apps/com.example.charts")
    return Notification(
        "com.example.charts-standing-3", Kind.STANDING, "standing-x", 1_774_366_800_000, data, "com.example.charts"
    )


def incident(state: str) -> Notification:
    """A step of an incident."""
    data = notice("3 apps breach at once (SEV3)", ["."], {"incident": "i1", "state": state}, "/incidents/i1")
    return Notification(f"INC-i1-{state}", Kind.INCIDENT, "incident-i1", 1_774_366_800_000, data)
