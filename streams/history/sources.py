"""Sources: who tells of a series. Of some its SLOs are made, others are shown alone."""

from collections.abc import Iterable
from typing import Final

from streams.evaluation.judgement import PRODUCTION
from streams.history.reading import StoredSeries
from streams.names import IFRAME, SYNTHETIC

HOST: Final = "HOST"
APP: Final = "APP"
TESTS: Final = "synthetic"
GROUP: Final = "group:"


def counting_sources(metric_id: str) -> tuple[str, ...]:
    """The sources that count, the host's before the app's."""
    if metric_id == IFRAME.id:
        return HOST, APP
    return (TESTS,) if metric_id == SYNTHETIC.id else (PRODUCTION,)


def sources_of(metric_id: str, name: str | None) -> tuple[str, ...]:
    """The sources that a person names: one of them, all of a group, or those that count (None, or PROD)."""
    if name in (None, PRODUCTION):
        return counting_sources(metric_id)
    if metric_id == IFRAME.id and name.startswith(GROUP):
        return name, f"{name}:{HOST}", f"{name}:{APP}"
    return (name,)


def source_names(series: Iterable[StoredSeries], metric_id: str) -> list[str]:
    """What a person can name for an app's series of a metric: PROD first."""
    found = {one.key.source for one in series if one.key.metric == metric_id}
    counting = found.intersection(counting_sources(metric_id))
    whole = {name.rpartition(":")[0] if metric_id == IFRAME.id and name.startswith(GROUP) else name for name in found}
    return [PRODUCTION] * bool(counting) + sorted(whole - {PRODUCTION})


def by_scope(series: Iterable[StoredSeries], metric_id: str, name: str | None = None) -> dict[str, list[StoredSeries]]:
    """The series of a metric that a name means, by scope; where two sources tell of one, the host is first."""
    found: dict[str, list[StoredSeries]] = {}
    series = list(series)
    for source in sources_of(metric_id, name):
        for one in series:
            if one.key.metric == metric_id and one.key.source == source:
                found.setdefault(one.key.scope, []).append(one)
    return dict(sorted(found.items()))
