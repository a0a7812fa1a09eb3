"""Counts of one series of an app, read from the database for a chart."""

from dataclasses import dataclass
from typing import Final

from streams.evaluation.exclusions import Exclusions
from streams.history.app_budgets import by_scope, completed_minutes
from streams.history.budgets import excluded_for
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.reading import Connection, read_latencies, read_minutes, read_series
from streams.history.steps import Steps, in_steps
from streams.names import Metric
from streams.settings import Settings

DEFAULT_STEPS: Final = 60
MOST_DAYS: Final = 36
"""As long as minutes are kept, and begun days at both ends."""


class TooLongError(Exception):
    """More time is asked for than is kept by the minute."""


@dataclass(frozen=True, slots=True)
class AppCounts:
    """Steps, and up to when they are complete; what is beyond may still grow."""

    as_of_ms: int
    steps: Steps


def scopes_of(connection: Connection, app_key: str, metric: Metric) -> list[str]:
    """The scopes of an app's series of a metric that count."""
    return list(by_scope(read_series(connection, app_key), metric.id))


def app_counts(
    connection: Connection,
    settings: Settings,
    app_key: str,
    metric: Metric,
    scope: str,
    exclusions: Exclusions,
    from_ms: int | None,
    to_ms: int | None,
    step_s: int,
) -> AppCounts | None:
    """Steps of [from, to), widened to whole ones of the epoch; None where that is no time, or nothing is complete.

    Without `to_ms` up to what is complete, without `from_ms` sixty steps, or as many as are kept.

    Raises:
        TooLongError: more than 36 days.
    """
    completed = completed_minutes(connection, settings, app_key).get(metric.id)
    if completed is None:
        return None
    step = step_s * 1_000 // MINUTE_MS
    end = -(-(completed if to_ms is None else -(-to_ms // MINUTE_MS)) // step) * step
    default = min(DEFAULT_STEPS, MOST_DAYS * DAY_MINUTES // step) * step
    start = end - default if from_ms is None else from_ms // MINUTE_MS // step * step
    if end - start > MOST_DAYS * DAY_MINUTES:
        raise TooLongError(f"at most {MOST_DAYS} days can be shown at once")
    series = by_scope(read_series(connection, app_key), metric.id).get(scope)
    if not series or start >= end:
        return None
    ids = [one.id for one in series]
    minutes, latencies = read_minutes(connection, ids, start, end), read_latencies(connection, ids, start, end)
    told = [minutes[number] for number in ids]
    steps = in_steps(told, [latencies[number] for number in ids], excluded_for(exclusions, series[0].key), step)
    return AppCounts(completed * MINUTE_MS, steps)
