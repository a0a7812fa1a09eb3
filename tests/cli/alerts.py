"""Alert records to show."""

from typing import Any

BREACH: dict[str, Any] = {
    "type": "BREACH",
    "appKey": "com.acme.charts",
    "appDetails": {"name": "Charts", "partnerName": "Acme"},
    "incidentId": "FOotlQrY5ZQ",
    "incidentStatus": "ANOMALOUS",
    "time": "2022-03-24T12:05:00Z",
    "metricName": "Jira Webhook Delivery Success Rate",
    "metricUnit": "PERCENT",
    "measurementDurationSeconds": 900,
    "sliValue": 100 * 1_250 / 1_285,
    "sloValue": 99.0,
    "metricId": "webhook-delivery-success-rate",
    "scope": "Jira",
    "objective": "webhook-delivery-15m",
    "goodCount": 1_250,
    "badCount": 35,
    "windowStart": "2022-03-24T11:50:00Z",
    "windowEnd": "2022-03-24T12:05:00Z",
    "reason": "BELOW_OBJECTIVE",
    "breachedAt": "2022-03-24T12:05:00Z",
    "severity": "page",
    "service": "marketplace-apps",
}
RECOVERY = BREACH | {"type": "RECOVERY", "incidentStatus": "OK", "reason": "RESTORED", "sliValue": 99.5}
