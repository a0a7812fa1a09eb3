"""What the window of an alert holds as it is known today, beside what it was judged by."""

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.event_time import epoch_ms
from streams.budgets.budget import Counts
from streams.evaluation.exclusions import Exclusions
from streams.evaluation.objective import Objective, usual_hop_ms
from streams.history.budgets import excluded_for
from streams.history.codec import MINUTE_MS
from streams.history.minutes import chosen
from streams.history.reading import Connection, read_minutes, read_series
from streams.history.sources import by_scope
from streams.names import METRICS


def window_counts(
    connection: Connection,
    alert: Mapping[str, Any],
    objectives: Iterable[Objective],
    exclusions: Exclusions,
) -> tuple[Counts, Counts] | None:
    """Of the window of a published alert: what counts by these exclusions, and what there is at all.

    None: nothing of it is kept, or its metric is not known any more.
    """
    metric = alert["metricId"]
    series = by_scope(read_series(connection, alert["appKey"]), metric).get(alert["scope"])
    if metric not in METRICS or not series:
        return None
    start, end = (epoch_ms(alert[name]) // MINUTE_MS for name in ("windowStart", "windowEnd"))
    found = read_minutes(connection, [one.id for one in series], start, end)
    told = [found[one.id] for one in series]
    if not any(one.counts.total for one in told):
        return None
    spans = list(excluded_for(exclusions, series[0].key))
    step = max(1, _hop_ms(objectives, alert) // MINUTE_MS)
    return chosen([one.without(spans, step) for one in told]).counts, chosen(told).counts


def _hop_ms(objectives: Iterable[Objective], alert: Mapping[str, Any]) -> int:
    """The stretches that an exclusion takes out whole: those of the objective that judged the alert.

    Where the files say something else by now, the usual ones.
    """
    window_ms = int(alert["measurementDurationSeconds"]) * 1_000
    judged = (alert["metricId"], alert["objective"], window_ms)
    found = (one.over(MINUTE_MS).hop_ms for one in objectives if (one.metric, one.name, one.window_ms) == judged)
    return next(found, usual_hop_ms(window_ms))
