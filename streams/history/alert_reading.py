"""Reading published alerts for keeps: what is no transition of this product, or contradicts itself, is not believed."""

from math import isclose
from typing import Final, NamedTuple

from schemas import Alert
from schemas.event_time import epoch_ms
from schemas.rejected import RejectReason
from streams.evaluation.incident import incident_id
from streams.evaluation.transition import AlertReason, Kind
from streams.intake.checking import Rejection, checked
from streams.kafka.chunk import SourceRecord
from streams.names import METRICS
from streams.reference.reference import known_ms_of

_BREACHED: Final = AlertReason.BELOW_OBJECTIVE


class StoredAlert(NamedTuple):
    """An alert at its place in the topic; `known_ms`: its Kafka timestamp, None without one."""

    alert: Alert
    breached_at_ms: int
    time_ms: int
    known_ms: int | None
    offset: int


def read_alert_record(record: SourceRecord) -> StoredAlert | Rejection:
    """The alert of a record, or why it is none."""
    alert = checked(Alert, record)
    if isinstance(alert, Rejection):
        return alert
    try:
        breached_at_ms, time_ms = epoch_ms(alert.breached_at), epoch_ms(alert.time)
        span_ms = epoch_ms(alert.window_end) - epoch_ms(alert.window_start)
    except ValueError as problem:
        return Rejection.of(record, RejectReason.SCHEMA, str(problem))
    is_breach = alert.type == Kind.BREACH
    metric = METRICS.get(alert.metric_id)
    total = alert.good_count + alert.bad_count
    named = incident_id(alert.app_key, alert.metric_id, alert.scope, alert.objective, breached_at_ms)
    must_hold = {
        "the key is the appKey": record.key == alert.app_key.encode(),
        "metricId is a metric": metric is not None and metric.display_name(alert.scope) == alert.metric_name,
        "incidentId is made of its series, objective and breachedAt": alert.incident_id == named,
        "incidentStatus goes with the type": alert.incident_status == ("ANOMALOUS" if is_breach else "OK"),
        "the reason goes with the type": (alert.reason == _BREACHED) is is_breach,
        "breachedAt is the time of a breach": breached_at_ms == time_ms or not is_breach,
        "breachedAt is not after the time": breached_at_ms <= time_ms,
        "the window ends at the time": alert.window_end == alert.time,
        "the window is as long as it says": span_ms == alert.measurement_duration_seconds * 1_000,
        "sliValue is the share of goodCount": _is_share(alert.sli_value, alert.good_count, total),
        "a breach has bad events": alert.bad_count > 0 or not is_breach,
    }
    for rule, holds in must_hold.items():
        if not holds:
            return Rejection.of(record, RejectReason.SCHEMA, f"it does not hold that {rule}")
    return StoredAlert(alert, breached_at_ms, time_ms, known_ms_of(record), record.offset)


def _is_share(percent: float | None, good: int, total: int) -> bool:
    if percent is None or total == 0:
        return percent is None and total == 0
    return isclose(percent, 100 * good / total, abs_tol=1e-9)
