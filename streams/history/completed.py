"""Up to when the counts of an app are complete."""

from streams.history.codec import MINUTE_MS
from streams.history.reading import Connection, read_watermarks
from streams.kafka.placement import partition_of
from streams.settings import Settings


def completed_minutes(connection: Connection, settings: Settings, app_key: str) -> dict[str, int]:
    """Metric -> the minute since 1970 up to which the app's partition is complete; only where it has begun."""
    watermarks = read_watermarks(connection)
    found = {}
    for topic, metric in settings.topics.shown.items():
        parts = watermarks.get(topic, {})
        watermark_ms = parts.get(partition_of(app_key.encode(), len(parts), settings.partitioner)) if parts else None
        if watermark_ms is not None:
            found[metric.id] = (watermark_ms - settings.allowed_lateness) // MINUTE_MS
    return found
