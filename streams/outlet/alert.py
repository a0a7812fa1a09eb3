"""Transitions as alert records, and as the state of what is breached right now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.event_time import utc_text
from streams.compact import compact_json
from streams.evaluation.incident import incident_id
from streams.evaluation.transition import AlertReason, Kind, Transition
from streams.kafka.chunk import Header
from streams.names import METRICS, Topics
from streams.outlet.outgoing import Headers, Outgoing
from streams.reference.catalogue import AppDetails

SOURCE = "slo-streams"
HISTORY_SOURCE = "slo-streams/history"
"""Who has judged, as `ce_source`: a worker, or history."""
APPLICATION = "application"
"""The header that tells whose record it is."""
STATE_KEY = ("appKey", "metricId", "scope", "objective")
"""Fields of an alert that are, in this order, its key in the alert state."""


def alert_document(transition: Transition, app: AppDetails) -> dict[str, Any]:
    """The alert record: the programme's incident-data object with our own fields beside it."""
    objective = transition.objective
    metric = METRICS[objective.metric]
    total = transition.good + transition.bad
    is_breach = transition.kind is Kind.BREACH
    return {
        "type": transition.kind.value,
        "appKey": transition.app_key,
        "appDetails": {"name": app.name, "partnerName": app.partner_name},
        "incidentId": incident_id(
            transition.app_key, metric.id, transition.scope, objective.name, transition.breached_at_ms
        ),
        "incidentStatus": "ANOMALOUS" if is_breach else "OK",
        "time": utc_text(transition.boundary_ms),
        "metricName": metric.display_name(transition.scope),
        "metricUnit": "PERCENT",
        "measurementDurationSeconds": objective.window_ms // 1_000,
        "sliValue": 100 * transition.good / total if total else None,
        "sloValue": objective.slo_percent,
        "metricId": metric.id,
        "scope": transition.scope,
        "objective": objective.name,
        "goodCount": transition.good,
        "badCount": transition.bad,
        "windowStart": utc_text(transition.boundary_ms - objective.window_ms),
        "windowEnd": utc_text(transition.boundary_ms),
        "reason": transition.reason.value,
        "breachedAt": utc_text(transition.breached_at_ms),
        "severity": objective.severity,
        "service": objective.service,
    }


@dataclass(frozen=True, slots=True)
class Alerts:
    """The records of transitions, made as they are gone through: those of a large boundary take hundreds of MiB."""

    told: Sequence[tuple[Transition, AppDetails]]
    topics: Topics
    application: str

    def __iter__(self) -> Iterator[Outgoing]:
        for transition, app in self.told:
            yield from alert_records(transition, app, self.topics, self.application)


def retired_document(breach: dict[str, Any], time_ms: int) -> dict[str, Any]:
    """The recovery of a breach that nobody judges any more, from its own alert: without counts, as nobody has them."""
    window_ms = 1_000 * breach["measurementDurationSeconds"]
    return {
        **breach,
        "type": Kind.RECOVERY.value,
        "incidentStatus": "OK",
        "time": utc_text(time_ms),
        "sliValue": None,
        "goodCount": 0,
        "badCount": 0,
        "windowStart": utc_text(time_ms - window_ms),
        "windowEnd": utc_text(time_ms),
        "reason": AlertReason.RETIRED.value,
    }


def alert_records(
    transition: Transition, app: AppDetails, topics: Topics, application: str
) -> tuple[Outgoing, Outgoing]:
    """The record for the alerts topic and the one for the alert state, which lies in the partition of its app."""
    return records_of(alert_document(transition, app), topics, application)


def records_of(
    document: dict[str, Any], topics: Topics, application: str, source: str = SOURCE
) -> tuple[Outgoing, Outgoing]:
    """The same, of an alert as a document."""
    value = compact_json(document)
    key = document["appKey"].encode()
    headers = [*_cloud_event(document, source), (APPLICATION, application.encode())]
    state_key = compact_json([document[name] for name in STATE_KEY])
    return (
        Outgoing(topics.alerts, key, value, headers, partition_key=key),
        state_record(state_key, key, value, topics, application),
    )


def state_record(state_key: bytes, app_key: bytes, value: bytes, topics: Topics, application: str) -> Outgoing:
    """What the alert state shows of an objective."""
    published_by: Header = (APPLICATION, application.encode())
    return Outgoing(topics.alert_state, state_key, value, [published_by], partition_key=app_key)


def _cloud_event(document: dict[str, Any], source: str) -> Headers:
    kind = document["type"].lower()
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": f"{document['incidentId']}-{kind}",
        "ce_type": f"slo-streams.{kind}.v1",
        "ce_source": source,
        "ce_time": document["time"],
        "ce_subject": document["appKey"],
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in attributes.items()]
