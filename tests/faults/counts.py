"""Counts in alerts, held against all that was ever sent: whatever the clock did, no window can count more."""

from bisect import bisect_left
from collections import defaultdict
from datetime import datetime

from tests.e2e.flow import Flow
from tests.model import Alert, Record
from tests.model.copies import is_foreign
from tests.model.reading import Event, read


def overcounted(flow: Flow, log: list[tuple[int, Record]], alerts: list[Alert]) -> list[str]:
    """Alerts that count more than was ever sent for their window: an event was counted twice, or by another app."""
    times: defaultdict[tuple[str, str, str, bool], list[int]] = defaultdict(list)
    for _, record in log:
        metric = flow.topics.inputs[record.topic]
        event = read(record, metric)
        if isinstance(event, Event) and event.counted and not is_foreign(record, flow.application_id):
            times[event.app_key, metric.id, event.scope, event.good].append(event.time_ms)
    for moments in times.values():
        moments.sort()
    found = []
    for alert in alerts:
        start_ms, end_ms = (_epoch_ms(alert[name]) for name in ("windowStart", "windowEnd"))
        for is_good, name in ((True, "goodCount"), (False, "badCount")):
            moments = times[alert["appKey"], alert["metricId"], alert["scope"], is_good]
            sent = bisect_left(moments, end_ms) - bisect_left(moments, start_ms)
            if alert[name] > sent:
                found.append(f"I1: {alert['type']} of {alert['appKey']} has {name} {alert[name]}, but {sent} were sent")
    return found


def _epoch_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000)
