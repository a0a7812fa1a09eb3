"""All budgets of an app, read from the database."""

from collections.abc import Iterable

from streams.evaluation.exclusions import Exclusions
from streams.history.budgets import SeriesBudget, Told, excluded_for, minutes_shown, series_budget
from streams.history.codec import MINUTE_MS
from streams.history.reading import Connection, read_minutes, read_series, read_watermarks
from streams.history.sources import by_scope
from streams.kafka.placement import partition_of
from streams.objectives.service_level import ServiceLevel
from streams.settings import Settings


def app_budgets(
    connection: Connection, settings: Settings, app_key: str, levels: Iterable[ServiceLevel], exclusions: Exclusions
) -> list[SeriesBudget]:
    """The budget of every series under every service level of its metric, in the order of the levels.

    Each is as of the last minute that was completed in the series' input partition.
    """
    series = read_series(connection, app_key)
    completed = completed_minutes(connection, settings, app_key)
    found = []
    for level in levels:
        end = completed.get(level.metric)
        for scope, some in by_scope(series, level.metric).items():
            if end is None:
                continue
            start = end - minutes_shown(level.period_ms)
            minutes = read_minutes(connection, [one.id for one in some], start, end)
            told = [Told(minutes[one.id], one.first_minute) for one in some]
            found.append(series_budget(app_key, scope, level, told, excluded_for(exclusions, some[0].key)))
    return found


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
