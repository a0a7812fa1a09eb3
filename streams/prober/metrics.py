"""What a prober counts, for Prometheus: closed lists, never an app or a URL."""

from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.health.process_metrics import process_registry
from streams.prober.left_out import LeftOut
from streams.prober.prober import Counts

_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class ProberMetrics(Collector):
    """The metrics of one prober; the gauges are asked when somebody reads them.

    `group_heartbeat_age_s` is None for one that is in no group, or has not been heard there yet.
    """

    def __init__(
        self,
        counts: Counts,
        urls: Callable[[], int],
        suspended: Callable[[], int],
        group_heartbeat_age_s: Callable[[], float | None],
    ) -> None:
        self._counts = counts
        self._group_heartbeat_age_s = group_heartbeat_age_s
        self._registry = process_registry()
        self._delay = Histogram(
            "slo_streams_prober_schedule_delay_seconds",
            "By how much later than its moment a check began.",
            registry=self._registry,
            buckets=_BUCKETS_S,
        )
        for name, text, value in (
            ("urls", "URLs that this prober has.", urls),
            ("suspended_results", "Results that are kept, and not reported, as too much failed at once.", suspended),
        ):
            Gauge(f"slo_streams_prober_{name}", text, registry=self._registry).set_function(value)

    def started(self, delay_s: float) -> None:
        """A check began so much later than its moment."""
        self._delay.observe(delay_s)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry) + generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """What the prober counted."""
        counts = self._counts
        checks = CounterMetricFamily(
            "slo_streams_prober_checks",
            "Checks by what they saw, good or bad, and those refused, of URLs that must not be called.",
            labels=["outcome"],
        )
        for outcome, count in (("good", counts.good), ("bad", counts.bad), ("refused", counts.refused)):
            checks.add_metric([outcome], count)
        left_out = CounterMetricFamily(
            "slo_streams_prober_left_out",
            "Checks that count for nobody, for each kind of doubt that they show the app and not the prober.",
            labels=["kind"],
        )
        for kind in LeftOut:  # also from nought, so that the first one is a rise already
            left_out.add_metric([kind], counts.left_out[kind])
        yield from (checks, left_out)
        age_s = self._group_heartbeat_age_s()
        if age_s is not None:
            text = "Since the prober's group last took a heartbeat; after a session timeout it checks nothing."
            yield GaugeMetricFamily("slo_streams_prober_group_heartbeat_age_seconds", text, age_s)
