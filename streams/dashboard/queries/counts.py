"""Counts of one series for a chart, and over the window of an alert."""

from dataclasses import dataclass

from streams.dashboard.database import View
from streams.dashboard.queries.apps import the_app
from streams.history.app_counts import AppCounts, UnfitTimeError, app_counts
from streams.history.counted_app import CountedApp, read_counted_app
from streams.history.reading import read_exclusions
from streams.names import COUNTED, Metric
from streams.settings import Settings
from streams.web.problem import Problem, ProblemError


@dataclass(frozen=True, slots=True)
class CountsQuestion:
    """Of which series, over which time; `source`: what it tells, whether it counts or not."""

    app: str
    metric: str
    scope: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    step_s: int = 60
    source: str | None = None


def counts(view: View, settings: Settings, question: CountsQuestion) -> AppCounts:
    """The counts of the series.

    Raises:
        ProblemError: NOT_FOUND: nothing is counted that this viewer sees. BAD_REQUEST: no scope among several, or more
            time than is kept.
    """
    app, metric, scope = the_series(view, settings, question)
    try:
        found = app_counts(
            app,
            metric,
            scope,
            read_exclusions(view.connection, app.key),
            question.from_ms,
            question.to_ms,
            question.step_s,
            question.source,
        )
    except UnfitTimeError as problem:
        raise ProblemError(Problem.BAD_REQUEST, fault=f"from: {problem}") from None
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return found


def the_series(view: View, settings: Settings, question: CountsQuestion) -> tuple[CountedApp, Metric, str]:
    """App, metric and scope of the series that is asked for.

    Raises:
        ProblemError: NOT_FOUND: nothing is counted that this viewer sees. BAD_REQUEST: no scope among several.
    """
    app = read_counted_app(view.connection, settings, the_app(view, question.app).key)
    metric = COUNTED[question.metric]
    scopes = list(app.by_scope(metric.id, question.source))
    if question.scope is None and len(scopes) > 1:
        raise ProblemError(Problem.BAD_REQUEST, fault=f"scope: there are several: {', '.join(scopes)}"[:1_000])
    if not scopes or question.scope not in (None, *scopes):
        raise ProblemError(Problem.NOT_FOUND)
    return app, metric, question.scope or scopes[0]
