"""All budgets of an app, of what is counted of it."""

from collections.abc import Iterable

from streams.evaluation.exclusions import Exclusions
from streams.history.budgets import SeriesBudget, Told, excluded_for, minutes_shown, series_budget
from streams.history.counted_app import CountedApp
from streams.objectives.service_level import ServiceLevel


def app_budgets(app: CountedApp, levels: Iterable[ServiceLevel], exclusions: Exclusions) -> list[SeriesBudget]:
    """The budget of every series under every service level of its metric, in the order of the levels.

    Each is as of the last minute that was completed in the series' input partition.
    """
    asked = [
        (level, scope, some, end - minutes_shown(level.period_ms), end)
        for level in levels
        if (end := app.completed.get(level.metric)) is not None
        for scope, some in app.by_scope(level.metric).items()
    ]
    if not asked:
        return []
    every = {one.id: one for _, _, some, _, _ in asked for one in some}.values()
    app.minutes(every, min(start for *_, start, _ in asked), max(end for *_, end in asked))  # all with one query
    found = []
    for level, scope, some, start, end in asked:
        minutes = app.minutes(some, start, end)
        told = [Told(of_one, one.first_minute) for of_one, one in zip(minutes, some, strict=True)]
        found.append(series_budget(app.key, scope, level, told, excluded_for(exclusions, some[0].key)))
    return found
