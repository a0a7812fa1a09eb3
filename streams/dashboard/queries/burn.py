"""Burn rates that the rules of one series see: over time for a chart, and now."""

from typing import Any

from schemas.event_time import utc_text
from streams.dashboard.database import View
from streams.dashboard.queries.counts import CountsQuestion, the_series
from streams.history.app_burn import AppBurn, app_burn
from streams.history.app_counts import UnfitTimeError
from streams.history.codec import MINUTE_MS
from streams.history.reading import read_exclusions
from streams.objectives.bind import Objectives
from streams.settings import Settings
from streams.web.problem import Problem, ProblemError


def burn(view: View, settings: Settings, objectives: Objectives, question: CountsQuestion) -> AppBurn:
    """All rules of the series that can be drawn, against what the first SLO of its metric allows.

    Raises:
        ProblemError: NOT_FOUND: nothing is counted that this viewer sees, or no SLO is about it. BAD_REQUEST: no scope
            among several, or more time than is kept.
    """
    app, metric, scope = the_series(view, settings, question)
    level = next((one for one in objectives.service_levels if one.metric == metric.id), None)
    if level is None:
        raise ProblemError(Problem.NOT_FOUND)
    exclusions = read_exclusions(view.connection, app.key)
    time = question.from_ms, question.to_ms, question.step_s
    try:
        found = app_burn(app, scope, level, objectives.all, exclusions, *time)
    except UnfitTimeError as problem:
        raise ProblemError(Problem.BAD_REQUEST, fault=f"from: {problem}") from None
    if found is None:
        raise ProblemError(Problem.NOT_FOUND)
    return found


def burn_document(found: AppBurn) -> dict[str, Any]:
    """As the API gives it."""
    return {
        "asOf": utc_text(found.as_of_ms),
        "from": utc_text(found.start * MINUTE_MS),
        "step": found.step * 60,
        "rules": [
            {
                "objective": one.rule.name,
                "severity": one.rule.severity,
                "judgedBy": str(one.rule.judge),
                "windowSeconds": one.rule.window_ms // 1_000,
                "shortWindowSeconds": None if one.rule.short_ms is None else one.rule.short_ms // 1_000,
                "threshold": float(one.threshold),
                "long": one.long,
                "short": one.short,
            }
            for one in found.rules
        ],
    }


def burn_rows(found: AppBurn) -> list[dict[str, Any]]:
    """A row for each step and rule."""
    return [
        {
            "from": utc_text((found.start + at * found.step) * MINUTE_MS),
            "objective": one.rule.name,
            "threshold": float(one.threshold),
            "long": rate,
            "short": None if one.short is None else one.short[at],
        }
        for one in found.rules
        for at, rate in enumerate(one.long)
    ]
