"""The alert of a transition, as it is published: section "Alert record" of the interface."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, NamedTuple

from streams.evaluation.objective import Objective
from streams.names import Metric
from tests.model.catalogue import App

Alert = dict[str, Any]


class Series(NamedTuple):
    """The part of a series that its topic does not say."""

    app_key: str
    scope: str


class Counts(NamedTuple):
    """The events of a window that count."""

    good: int
    bad: int

    @property
    def total(self) -> int:
        return self.good + self.bad


def alert(
    metric: Metric,
    series: Series,
    app: App,
    objective: Objective,
    boundary_ms: int,
    breached_at_ms: int,
    reason: str,
    counts: Counts,
) -> Alert:
    """The value of the record; whether it is a breach or a recovery the reason tells."""
    is_breach = reason == "BELOW_OBJECTIVE"
    return {
        "type": "BREACH" if is_breach else "RECOVERY",
        "appKey": series.app_key,
        "appDetails": {"name": app.name, "partnerName": app.partner_name},
        "incidentId": incident_id(series.app_key, metric.id, series.scope, objective.name, breached_at_ms),
        "incidentStatus": "ANOMALOUS" if is_breach else "OK",
        "time": _utc(boundary_ms),
        "metricName": metric.title.replace("{scope}", series.scope),
        "metricUnit": "PERCENT",
        "measurementDurationSeconds": objective.window_ms // 1_000,
        "sliValue": float(Fraction(100 * counts.good, counts.total)) if counts.total else None,
        "sloValue": float(100 * (1 - objective.budget)),
        "metricId": metric.id,
        "scope": series.scope,
        "objective": objective.name,
        "goodCount": counts.good,
        "badCount": counts.bad,
        "windowStart": _utc(boundary_ms - objective.window_ms),
        "windowEnd": _utc(boundary_ms),
        "reason": reason,
        "breachedAt": _utc(breached_at_ms),
        "severity": objective.severity,
        "service": objective.service,
    }


def incident_id(app_key: str, metric_id: str, scope: str, objective: str, breached_at_ms: int) -> str:
    """URL-safe base64, unpadded, of the first 8 bytes of SHA-256 of the compact JSON of the five."""
    text = json.dumps([app_key, metric_id, scope, objective, breached_at_ms], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:8]).rstrip(b"=").decode()


def _utc(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms // 1_000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
