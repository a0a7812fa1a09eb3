"""What a watcher tells Prometheus, by topic and partition; read when somebody asks."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.health.process_metrics import process_registry
from streams.watch.look import Seen, missing


class WatchMetrics(Collector):
    """`look` tells how every input partition is; those without a heartbeat for `older_than_s` are missing."""

    def __init__(self, look: Callable[[], list[Seen]], older_than_s: float) -> None:
        self._look = look
        self._older_than_s = older_than_s
        self._registry = process_registry()
        self._registry.register(self)

    def exposition(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> Sequence[Metric]:
        """Nothing is looked at before somebody asks."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Ages, lags, and how many are missing."""
        seen = self._look()
        place = ("topic", "partition")
        age = GaugeMetricFamily("slo_streams_heartbeat_age_seconds", "Since the last heartbeat.", labels=place)
        lag = GaugeMetricFamily("slo_streams_heartbeat_lag_records", "Records left, by the last one.", labels=place)
        for one in seen:
            labels = (one.topic, str(one.partition))
            if one.age_s is not None:
                age.add_metric(labels, one.age_s)
            if one.lag is not None:
                lag.add_metric(labels, one.lag)
        text = "Input partitions that nobody judges: no heartbeat, or an old one."
        gone = GaugeMetricFamily("slo_streams_partitions_missing", text, labels=("topic",))
        absent = [one.topic for one in missing(seen, self._older_than_s)]
        for topic in dict.fromkeys(one.topic for one in seen):
            gone.add_metric((topic,), absent.count(topic))
        yield from (age, lag, gone)
