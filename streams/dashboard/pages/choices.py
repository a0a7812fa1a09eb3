"""What forms offer to choose from."""

from typing import Final

from streams.names import METRICS

METRIC_CHOICES: Final = [(metric.id, metric.display_name("").strip()) for metric in METRICS.values()]
"""Id and title of every SLI."""
