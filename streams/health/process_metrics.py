"""What every service tells of its own process: what it uses, and what it is made of."""

import platform
from collections.abc import Iterator

import aiokafka
import google_crc32c
from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from streams.version import own_version


def process_registry() -> CollectorRegistry:
    """A registry that begins with the process; a service registers what it counts beside that."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a series for each counter and histogram that nobody asks for
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Build())
    return registry


class _Build(Collector):
    def collect(self) -> Iterator[Metric]:
        parts = {
            "version": own_version(),
            "python": platform.python_version(),
            "aiokafka": aiokafka.__version__,
            "crc32c": google_crc32c.implementation,
        }
        text = "1; crc32c other than c: fetched bytes are checked by aiokafka, seven times as slow."
        family = GaugeMetricFamily("slo_streams_build_info", text, labels=[*parts])
        family.add_metric([*parts.values()], 1)
        yield family
