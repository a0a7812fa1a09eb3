"""What the rules of one series of an app see of its budget."""

from collections.abc import Iterable
from dataclasses import dataclass

from streams.evaluation.exclusions import Exclusions
from streams.evaluation.objective import Objective
from streams.history.app_counts import MOST_DAYS, whole_steps
from streams.history.budgets import excluded_for
from streams.history.burn import RuleBurn, can_be_drawn, rule_burn
from streams.history.codec import MINUTE_MS
from streams.history.counted_app import CountedApp
from streams.objectives.service_level import ServiceLevel


@dataclass(frozen=True, slots=True)
class AppBurn:
    """Rules over the same steps of so many minutes from `start` on, in minutes since 1970."""

    as_of_ms: int
    start: int
    step: int
    rules: list[RuleBurn]


def app_burn(
    app: CountedApp,
    scope: str,
    level: ServiceLevel,
    rules: Iterable[Objective],
    exclusions: Exclusions,
    from_ms: int | None,
    to_ms: int | None,
    step_s: int,
) -> AppBurn | None:
    """What these rules saw of what a level allows, in the steps of `app_counts`; None where nothing is complete.

    Raises:
        UnfitTimeError: more than 36 days.
    """
    completed = app.completed.get(level.metric)
    if completed is None:
        return None
    step = step_s * 1_000 // MINUTE_MS
    start, end = whole_steps(completed, from_ms, to_ms, step, MOST_DAYS)
    series = app.by_scope(level.metric).get(scope)
    if not series or start >= end:
        return None
    drawn = [rule for rule in rules if rule.metric == level.metric and can_be_drawn(rule, level.target)]
    ahead = max((rule.window_ms + rule.hop_ms for rule in drawn), default=0) // MINUTE_MS
    until = max(start, min(end, completed))
    told, spans = app.minutes(series, start - ahead, until), excluded_for(exclusions, series[0].key)
    place = start * MINUTE_MS, step * MINUTE_MS, (end - start) // step, until * MINUTE_MS
    return AppBurn(
        completed * MINUTE_MS, start, step, [rule_burn(rule, level.target, told, spans, *place) for rule in drawn]
    )
