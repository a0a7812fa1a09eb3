"""What the window of an alert holds as it is known today, beside what it was judged by."""

from streams.budgets.budget import Counts
from streams.evaluation.exclusions import Exclusions
from streams.history.budgets import excluded_for
from streams.history.codec import MINUTE_MS
from streams.history.minutes import chosen
from streams.history.reading import Connection, read_minutes, read_series
from streams.history.sources import by_scope
from streams.names import Metric


def window_counts(
    connection: Connection,
    app_key: str,
    metric: Metric,
    scope: str,
    start_ms: int,
    end_ms: int,
    exclusions: Exclusions,
    step: int = 1,
) -> tuple[Counts, Counts] | None:
    """Of the whole minutes of [start, end): what counts by these exclusions, and what there is at all.

    An exclusion takes out the steps of so many minutes that it touches: what is judged has panes of them.
    None: nothing of it is kept.
    """
    series = by_scope(read_series(connection, app_key), metric.id).get(scope)
    if not series:
        return None
    found = read_minutes(connection, [one.id for one in series], start_ms // MINUTE_MS, end_ms // MINUTE_MS)
    told = [found[one.id] for one in series]
    if not any(one.counts.total for one in told):
        return None
    spans = list(excluded_for(exclusions, series[0].key))
    return chosen([one.without(spans, step) for one in told]).counts, chosen(told).counts
