"""Counts of one series of an app, for a chart."""

from dataclasses import dataclass
from typing import Final

from streams.evaluation.exclusions import Exclusions
from streams.history.budgets import excluded_for
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.counted_app import CountedApp
from streams.history.reading import DaySum, first_day_of_minutes, read_latencies, read_sums
from streams.history.steps import Steps, chosen_day, in_steps
from streams.names import Metric

DEFAULT_STEPS: Final = 60
MOST_DAYS: Final = 36
"""As long as minutes are kept, and begun days at both ends."""
MOST_DAYS_IN_DAYS: Final = 732
"""Of a step of a day: as long as sums are kept."""


class UnfitTimeError(Exception):
    """No time is asked for, or more than is kept by the minute; the message says what is wrong with its beginning."""


@dataclass(frozen=True, slots=True)
class AppCounts:
    """Steps, and up to when they are complete; what is beyond may still grow."""

    as_of_ms: int
    steps: Steps


def whole_steps(completed: int, from_ms: int | None, to_ms: int | None, step: int, most_days: int) -> tuple[int, int]:
    """The minutes [start, end) of the steps of so many minutes that touch [from, to), as `app_counts` takes it.

    Raises:
        UnfitTimeError: they are more than so many days, or none, as the end is given and not after the beginning.
    """
    if from_ms is not None and to_ms is not None and to_ms <= from_ms:
        raise UnfitTimeError("it has to be before the end")
    end = -(-(completed if to_ms is None else -(-to_ms // MINUTE_MS)) // step) * step
    default = min(DEFAULT_STEPS, MOST_DAYS * DAY_MINUTES // step) * step
    start = end - default if from_ms is None else from_ms // MINUTE_MS // step * step
    if end - start > most_days * DAY_MINUTES:
        raise UnfitTimeError(f"at most {most_days} days can be shown at once in such steps")
    return start, end


def app_counts(
    app: CountedApp,
    metric: Metric,
    scope: str,
    exclusions: Exclusions,
    from_ms: int | None,
    to_ms: int | None,
    step_s: int,
    source: str | None = None,
) -> AppCounts | None:
    """Steps of [from, to), widened to whole ones of the epoch; None where that is no time, or nothing is complete.

    `source` is as `sources_of` takes it. Of a day whose minutes are gone that counts which did when they went.
    Without `to_ms` up to what is complete, without `from_ms` sixty steps, or as many as are kept.

    Raises:
        UnfitTimeError: more than 36 days, or 732 in steps of a day; an end that is not after the beginning.
    """
    completed = app.completed.get(metric.id)
    if completed is None:
        return None
    step = step_s * 1_000 // MINUTE_MS
    most_days = MOST_DAYS if step < DAY_MINUTES else MOST_DAYS_IN_DAYS
    start, end = whole_steps(completed, from_ms, to_ms, step, most_days)
    series = app.by_scope(metric.id, source).get(scope)
    if not series or start >= end:
        return None
    ids = [one.id for one in series]
    days: list[DaySum] = []
    if step == DAY_MINUTES:
        first_day = first_day_of_minutes(app.connection, ids, start // step, end // step)
        sums = read_sums(app.connection, ids, start // step, first_day)
        days = [
            chosen_day([sums.get(day, {}).get(number) for number in ids]) for day in range(start // step, first_day)
        ]
        start = first_day * step
    minutes, latencies = app.minutes(series, start, end), read_latencies(app.connection, ids, start, end)
    steps = in_steps(minutes, [latencies[number] for number in ids], excluded_for(exclusions, series[0].key), step)
    return AppCounts(completed * MINUTE_MS, steps.after(days))
