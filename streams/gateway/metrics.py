"""What the gateway counts, for Prometheus: closed lists, and the names of services, never an app."""

from collections import Counter as Counts
from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Final

from prometheus_client import Counter, Gauge, Histogram, generate_latest

from streams.gateway.outbox import OutRecord
from streams.health.process_metrics import process_registry

APP: Final = "app"
"""The producer of what apps publish; services are counted by their names."""

_TOPIC: Final = attrgetter("topic")
_BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class GatewayMetrics:
    """The metrics of one gateway. `waiting_bytes` and `installations` are asked when somebody reads them."""

    def __init__(self, waiting_bytes: Callable[[], int], installations: Callable[[], int]) -> None:
        self._registry = process_registry()
        requests = Counter(
            "slo_streams_gateway_requests",
            "Calls; the outcome is ok, partly, or the code of the problem they were answered with.",
            ["endpoint", "outcome"],
            registry=self._registry,
        )
        events = Counter(
            "slo_streams_gateway_events", "Events confirmed.", ["topic", "producer"], registry=self._registry
        )
        self._requests_of, self._events_of = cache(requests.labels), cache(events.labels)  # which take their time
        self._confirm = Histogram(
            "slo_streams_gateway_confirm_seconds",
            "Time the brokers took to confirm the events of a call, or not to.",
            registry=self._registry,
            buckets=_BUCKETS_S,
        )
        for name, text, value in (
            ("waiting_bytes", "Bytes the brokers have not confirmed yet.", waiting_bytes),
            ("installations", "Installations that may publish.", installations),
        ):
            Gauge(f"slo_streams_gateway_{name}", text, registry=self._registry).set_function(value)

    def answered(self, endpoint: str, outcome: str) -> None:
        """Count a call that was answered."""
        self._requests_of(endpoint, outcome).inc()

    def sent(self, producer: str, records: Iterable[OutRecord], took_s: float) -> None:
        """The confirmed events of a call, and the time that took."""
        self._confirm.observe(took_s)
        for topic, number in Counts(map(_TOPIC, records)).items():
            self._events_of(topic, producer).inc(number)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)
