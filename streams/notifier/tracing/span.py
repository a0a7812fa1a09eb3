"""Spans of what was told, under the ids that its messages carry in `traceparent`. Pure.

breach to recovery, or an incident from its start to its end     span of the thread, told when it is over
  a notification                                                 its child
    its delivery to one target                                   its child: the span of the message's traceparent
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.event_time import epoch_ms
from streams.notifier.channels.reading import is_over
from streams.notifier.mail.trace import span_id, trace_id
from streams.notifier.notification import OF_ALERTS, Kind, Notification

_OF_INCIDENTS = (Kind.INCIDENT, Kind.SEVERITY)


@dataclass(frozen=True, slots=True)
class Span:
    """One span; ids in hex, times in epoch ms. `fault`: why it failed; None: it did not."""

    name: str
    trace: str
    id: str
    parent: str | None
    start_ms: int
    end_ms: int
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a delivery: `at` it was accepted, or, with a `fault`, given up."""

    id: str
    notification: str
    thread: str
    kind: str
    channel: str
    target: str
    attempts: int
    created_at: datetime
    at: datetime
    fault: str | None


def of_notification(told: Notification, incident: tuple[int, int | None] | None) -> Iterator[Span]:
    """The span of a notification, and that of its story if it ends with it.

    `incident` is when the one that it tells of began and ended, None: it tells of none.
    """
    known = {"slo.notification": told.id, "slo.kind": told.kind, "slo.app": told.app_key, "slo.severity": told.severity}
    if told.kind in OF_ALERTS:
        known |= {f"slo.{name}": told.data.get(name) for name in ("incidentId", "metricId", "scope", "objective")}
    attributes = {name: value for name, value in known.items() if value is not None}
    trace, story = trace_id(told.thread), span_id(told.thread)
    yield Span(f"tell {told.kind}", trace, span_id(told.id), story, told.time_ms, told.time_ms, attributes)
    if told.kind is Kind.RECOVERY:
        yield Span("breach", trace, story, None, epoch_ms(told.data["breachedAt"]), told.time_ms, attributes)
    elif told.kind in _OF_INCIDENTS and incident is not None and is_over(told):
        start_ms, ended_ms = incident
        yield Span("incident", trace, story, None, start_ms, told.time_ms if ended_ms is None else ended_ms, attributes)


def of_delivery(one: Delivered) -> Span:
    """The span of a delivery: from when it was put down, over all attempts."""
    attributes: dict[str, Any] = {
        "slo.delivery": one.id,
        "slo.kind": one.kind,
        "slo.channel": one.channel,
        "slo.target": one.target,
        "slo.attempts": one.attempts,
    }
    start_ms, end_ms = (round(moment.timestamp() * 1_000) for moment in (one.created_at, one.at))
    parent = span_id(one.notification)
    return Span(
        f"deliver {one.channel}", trace_id(one.thread), span_id(one.id), parent, start_ms, end_ms, attributes, one.fault
    )
