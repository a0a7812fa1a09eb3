"""Every metric of a worker, for Prometheus.

Labels are topics and closed lists, never an appKey: the number of time series does not grow with the apps. What is
counted per event is counted by the units in plain numbers, and read here when somebody asks.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.rejected import RejectReason
from streams.health.condition import Condition, PartitionCondition
from streams.health.process_metrics import process_registry

_COUNTERS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "records": ("Records read: events, rejected and rerouted ones.", ()),
    "events": (
        "not_counted: by its metric; foreign_copy: another's; copy: its original counts; too_old; passed_over: unfit.",
        ("verdict",),
    ),
    "outcomes": ("Events that are good or bad by their metric: all that enter a window.", ("outcome",)),
    "rejected": ("Records that could not be used; too_late: every window of theirs was judged before.", ("reason",)),
    "rerouted": ("Records sent on to the partition of their appKey.", ()),
    "alerts": ("Breaches and recoveries.", ("kind", "reason")),
    "rows": ("Changelog rows written.", ()),
    "restored_rows": ("Series read back from the changelog when partitions were taken over.", ()),
}
"""Name of a `Count` -> help, and the names of its labels."""

_GAUGES: Final[dict[str, tuple[str, Callable[[float, list[PartitionCondition]], float | None]]]] = {
    "partitions": ("Partitions taken over.", lambda _, ours: len(ours)),
    "series": ("Series with state.", lambda _, ours: sum(one.held.series for one in ours)),
    "open_breaches": ("Breaches that have not recovered.", lambda _, ours: sum(one.held.open_breaches for one in ours)),
    "dirty_rows": ("Series changed since the last commit.", lambda _, ours: sum(one.held.dirty_rows for one in ours)),
    "lag_records": ("Records not yet read.", lambda _, ours: sum(one.lag for one in ours if one.lag is not None)),
    "watermark_seconds": (
        "Epoch time up to which events were seen, in the partition that is furthest behind.",
        lambda _, ours: min((ms / 1_000 for one in ours if (ms := one.held.watermark_ms) is not None), default=None),
    ),
    "commit_age_seconds": (
        "How long work can have waited for a commit, in the partition where it is longest.",
        lambda now_s, ours: max((now_s - one.settled_s for one in ours), default=None),
    ),
}
"""Help, and the value of a topic from the moment and its partitions that are ready; None: no value."""

_WORKER_GAUGES: Final[dict[str, tuple[str, Callable[[Condition], float | None]]]] = {
    "group_heartbeat_age_seconds": (
        "Since the consumer group last took a heartbeat of this worker.",
        lambda it: it.contact.group_heartbeat_age_s,
    ),
    "fetch_age_seconds": ("For how long a fetch has waited for its answer.", lambda it: it.contact.fetch_age_s),
    "reference_wait_seconds": (
        "For how long judging has waited for catalogue and exclusions.",
        lambda it: it.contact.reference_wait_s,
    ),
    "brokers_away_seconds": ("For how long no broker has answered.", lambda it: it.contact.brokers_away_s),
    "clock_is_brokers": (
        "1 where the brokers tell the time; 0: this machine's clock stands in.",
        lambda it: float(it.clock.is_brokers),
    ),
    "clock_ahead_seconds": (
        "This machine's clock less the brokers'; nothing is judged by it.",
        lambda it: it.clock.own_ahead_s,
    ),
}
"""Help, and the value of the whole worker; None: no value."""

_COMMIT_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RESTORE_BUCKETS_S: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_DELAY_BUCKETS_S: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3_600)


class Metrics(Collector):
    """The metrics of one worker. `look` tells its condition when somebody asks."""

    def __init__(self, look: Callable[[], Condition]) -> None:
        self._look = look
        self._registry = process_registry()
        self._commits = self._histogram("commit", "Duration of a commit.", _COMMIT_BUCKETS_S)
        self._restores = self._histogram("restore", "Time to take a partition over.", _RESTORE_BUCKETS_S)
        self._delays = self._histogram(
            "alert_delay", "From when an alert was due, its boundary + lateness, to its commit.", _DELAY_BUCKETS_S
        )

        self._audited = Counter(
            "slo_streams_reference_rejected",
            "Records of the catalogue or the exclusions that could not be used.",
            ["topic", "reason"],
            registry=self._registry,
        )

    def _histogram(self, name: str, text: str, buckets_s: tuple[float, ...]) -> Histogram:
        return Histogram(f"slo_streams_{name}_seconds", text, ["topic"], registry=self._registry, buckets=buckets_s)

    def register(self, more: Collector) -> None:
        """Show what else a service counts."""
        self._registry.register(more)

    def watch_database(self, away_s: Callable[[], float]) -> None:
        """Show for how long the database of a service has been away."""
        text = "For how long the database could not be worked with."
        Gauge("slo_streams_database_away_seconds", text, registry=self._registry).set_function(away_s)

    def watch_standby(self, rows: Callable[[], float]) -> None:
        """Show how much of other workers' state is at hand."""
        text = "Series of other workers' partitions that are read along (SLO_STANDBY)."
        Gauge("slo_streams_standby_series", text, registry=self._registry).set_function(rows)

    def taken_over(self, topic: str, took_s: float) -> None:
        """Observe a take-over."""
        self._restores.labels(topic).observe(took_s)

    def committed(self, topic: str, took_s: float, alert_delays_s: Iterable[float]) -> None:
        """Observe a commit, and one delay for each alert in it."""
        self._commits.labels(topic).observe(took_s)
        delays = self._delays.labels(topic)
        for delay_s in alert_delays_s:
            delays.observe(delay_s)

    def audited(self, topic: str, rejected: Iterable[RejectReason]) -> None:
        """Count rejected records of the catalogue or the exclusions, one reason for each."""
        reasons = list(rejected)
        for reason in RejectReason:  # also from nought, so that the first one is a rise already
            self._audited.labels(topic, reason).inc(reasons.count(reason))

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry) + generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """What the units counted, and how they are."""
        condition = self._look()
        yield from _counters(condition)
        yield from _gauges(condition)
        for name, (text, value_of) in _WORKER_GAUGES.items():
            value = value_of(condition)
            if value is not None:
                yield GaugeMetricFamily(f"slo_streams_{name}", text, value)


def _counters(condition: Condition) -> Iterator[Metric]:
    families = {
        name: CounterMetricFamily(f"slo_streams_{name}", text, labels=("topic", *labels))
        for name, (text, labels) in _COUNTERS.items()
    }
    for topic, counts in condition.counts.items():
        for count, value in counts.items():
            families[count.name].add_metric([topic, *count.labels], value)
    yield from families.values()


def _gauges(condition: Condition) -> Iterator[Metric]:
    restoring = GaugeMetricFamily("slo_streams_partitions_restoring", "Partitions being restored.", labels=("topic",))
    ours: dict[str, list[PartitionCondition]] = {}
    for topic in condition.counts:
        assigned = [one.ready for one in condition.partitions if one.topic == topic]
        ours[topic] = [one for one in assigned if one is not None]
        restoring.add_metric([topic], len(assigned) - len(ours[topic]))
    yield restoring
    for name, (text, value_of) in _GAUGES.items():
        family = GaugeMetricFamily(f"slo_streams_{name}", text, labels=("topic",))
        for topic, ready in ours.items():
            value = value_of(condition.at_s, ready)
            if value is not None:
                family.add_metric([topic], value)
        yield family
