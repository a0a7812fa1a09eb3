"""What a history has published, and what it has yet to fold, for `/metrics`."""

from collections.abc import Callable, Iterable
from typing import Final

import orjson
from prometheus_client import Counter, Gauge
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from streams.evaluation.transition import AlertReason, Kind

_KINDS: Final = {
    reason: Kind.BREACH if reason is AlertReason.BELOW_OBJECTIVE else Kind.RECOVERY for reason in AlertReason
}


class PublishedAlerts(Collector):
    """By input topic, kind and reason, since the start; each from nought, so that the first is a rise already."""

    def __init__(self, topics: Iterable[str]) -> None:
        self._counter = Counter(
            "slo_streams_history_alerts",
            "Alerts of long objectives and of budget levels, once brokers confirmed them.",
            ["topic", "kind", "reason"],
            registry=None,
        )
        for topic in topics:
            for reason, kind in _KINDS.items():
                self._counter.labels(topic, kind, reason)

    def add(self, topic: str, alerts: Iterable[bytes]) -> None:
        """Alerts, as JSON, of this input topic are there."""
        for alert in map(orjson.loads, alerts):
            self._counter.labels(topic, alert["type"], alert["reason"]).inc()

    def collect(self) -> Iterable[Metric]:
        """For Prometheus."""
        return self._counter.collect()


def rows_to_fold(count: Callable[[], int]) -> Gauge:
    """How many rows wait to be folded into those of their days."""
    text = "Rows appended by this process since it last folded such rows into those of their days."
    gauge = Gauge("slo_streams_history_rows_to_fold", text, registry=None)
    gauge.set_function(count)
    return gauge
