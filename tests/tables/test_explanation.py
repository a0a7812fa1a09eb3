"""An explanation says of every boundary what the engine did there."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import orjson
import pytest

from streams.evaluation.evaluator import Evaluator
from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.evaluation.judgement import APP_BAD, BAD, GOOD
from streams.evaluation.listings import Listings
from streams.evaluation.objective import Objective, Silence
from streams.evaluation.transition import AlertReason, Kind
from streams.evaluation.verdict import Verdict
from streams.intake.admission import Admission
from streams.names import IFRAME, WEBHOOK, Metric
from streams.tables.explanation import Explanation, explain
from streams.tables.stored import StoredTable
from streams.tables.tables import TumblingTable
from tests.build import APPLICATION, Stored
from tests.model.build import ORDINARY

MINUTE_MS = 60_000
START_MS = 1_772_460_000_000
LATENESS_MS = 10_000
APP = "com.acme.charts"
KEY = (APP, "Jira")
QUARTER = Objective("quarter", WEBHOOK.id, 15 * MINUTE_MS, MINUTE_MS, Fraction(1, 100), minimum_events=2)


def stored(evaluator: Evaluator, metric: Metric = WEBHOOK) -> StoredTable:
    progress = evaluator.progress
    assert progress is not None
    return StoredTable(metric, 0, progress, TumblingTable(metric, evaluator.series, progress.pane_ms))


def engine(*objectives: Objective) -> Evaluator:
    return Evaluator(objectives or (QUARTER,), LATENESS_MS)


FIELDS: dict[int, dict[str, Any]] = {
    GOOD: {},
    BAD: {"statusCode": 500},
    APP_BAD: {"source": "APP", "status": "FAIL"},
}


def arrive(evaluator: Evaluator, minute: float, *outcomes: int, metric: Metric = WEBHOOK) -> None:
    time_ms = START_MS + int(minute * MINUTE_MS)
    common = {"appKey": APP, "time": time_ms, **ORDINARY[metric.id]}
    values = [orjson.dumps(common | FIELDS[outcome]) for outcome in outcomes]
    Admission(metric, evaluator, APPLICATION, lambda _key: True).admit(
        [Stored(timestamp=time_ms, key=APP.encode(), value=value) for value in values], None
    )


def explained(evaluator: Evaluator, minute: float | None = None, objective: Objective = QUARTER) -> Explanation:
    at_ms = None if minute is None else START_MS + int(minute * MINUTE_MS)
    return explain(stored(evaluator), KEY, objective, at_ms, LATENESS_MS, Exclusions(), Listings())


def test_the_last_judged_boundary_the_breach_there_and_what_comes_next() -> None:
    evaluator = engine()
    arrive(evaluator, 0, GOOD, BAD)
    arrive(evaluator, 1.5, GOOD)
    (breach,) = evaluator.take_transitions()
    one = explained(evaluator)
    assert one.is_judged
    assert (one.window.start_ms, one.window.end_ms) == (START_MS - 14 * MINUTE_MS, START_MS + MINUTE_MS)
    assert (one.window.good, one.window.bad, one.window.verdict) == (1, 1, Verdict.BELOW)
    assert [pane.start_ms for pane in one.window.panes] == [START_MS]
    assert one.standing.breached_at_ms == breach.boundary_ms == one.judged_ms
    assert (one.upcoming.end_ms, one.due_ms) == (START_MS + 2 * MINUTE_MS, START_MS + 2 * MINUTE_MS + LATENESS_MS)
    assert (one.upcoming.good, one.upcoming.bad, one.outlook) == (2, 1, None)


def test_the_outlook_changes_nothing() -> None:
    evaluator = engine()
    arrive(evaluator, 0, GOOD, BAD)
    evaluator.advance(START_MS + 15 * MINUTE_MS + LATENESS_MS)
    for _ in range(2):
        one = explained(evaluator)
        assert one.outlook is AlertReason.NO_DATA
        assert one.standing.breached_at_ms == START_MS + MINUTE_MS
    evaluator.advance(START_MS + 16 * MINUTE_MS + LATENESS_MS)
    assert [transition.kind for transition in evaluator.take_transitions()] == [Kind.BREACH, Kind.RECOVERY]


def test_a_boundary_is_asked_for_by_any_time_of_its_hop() -> None:
    evaluator = engine()
    arrive(evaluator, 0, GOOD)
    arrive(evaluator, 5.5, GOOD, BAD)
    then = explained(evaluator, 2.9)
    assert (then.window.end_ms, then.window.verdict) == (START_MS + 2 * MINUTE_MS, Verdict.TOO_FEW_EVENTS)
    assert then.is_judged
    later = explained(evaluator, 6)
    assert (later.window.good, later.window.bad, later.is_judged) == (2, 1, False)


def test_an_event_of_the_app_sets_the_hosts_aside() -> None:
    objective = Objective("iframe", IFRAME.id, 15 * MINUTE_MS, MINUTE_MS, Fraction(5, 100))
    evaluator = engine(objective)
    arrive(evaluator, 0, GOOD, GOOD, metric=IFRAME)
    arrive(evaluator, 0.5, APP_BAD, metric=IFRAME)
    one = explain(stored(evaluator, IFRAME), KEY, objective, None, LATENESS_MS, Exclusions(), Listings())
    assert (one.upcoming.good, one.upcoming.bad, one.upcoming.by_app) == (0, 1, True)
    assert sorted((pane.by_app, pane.good) for pane in one.upcoming.panes) == [(False, 2), (True, 0)]
    assert not one.window.by_app


@pytest.mark.parametrize("minutes", [15, 18, 40, 100])
def test_panes_are_gone_only_where_they_are(minutes: int) -> None:
    """Whatever the engine has forgotten by then, a window that is called whole has all its events."""
    evaluator = engine()
    for minute in range(minutes):
        arrive(evaluator, minute + 0.5, GOOD)
    for boundary in range(1, minutes):
        window = explained(evaluator, boundary).window
        if window.gone_before_ms is None:
            assert window.good == min(boundary, 15)
        else:
            assert window.start_ms < window.gone_before_ms
    assert explained(evaluator).upcoming.gone_before_ms is None
    whole = [boundary for boundary in range(1, minutes) if explained(evaluator, boundary).window.gone_before_ms is None]
    assert len(whole) >= 1


def test_what_a_silent_series_has_lost_is_said() -> None:
    evaluator = engine()
    arrive(evaluator, 0.5, *[GOOD] * 3)
    evaluator.advance(START_MS + 30 * MINUTE_MS)
    arrive(evaluator, 30.5, GOOD)
    window = explained(evaluator, 1).window
    assert (window.good, window.verdict) == (0, Verdict.SILENCE)
    assert window.gone_before_ms is not None
    assert window.gone_before_ms >= window.end_ms


def test_excluded_panes_are_named_and_a_window_that_they_explain_is_excused() -> None:
    evaluator = engine()
    arrive(evaluator, 0, BAD, BAD)
    arrive(evaluator, 1, GOOD)
    arrive(evaluator, 2, GOOD)
    arrive(evaluator, 3, GOOD)
    exclusions = Exclusions()
    fault = ExclusionRule(APP, None, is_planned=False, start_ms=START_MS + 1, end_ms=START_MS + 2)
    exclusions.add("fault", fault, START_MS + 3 * MINUTE_MS + LATENESS_MS)
    before, after = (
        explain(
            stored(evaluator), KEY, QUARTER, START_MS + minute * MINUTE_MS, LATENESS_MS, exclusions, Listings()
        ).window
        for minute in (2, 3)
    )
    assert (before.verdict, before.good, before.bad, before.excluded) == (Verdict.BELOW, 1, 2, frozenset())
    assert (after.verdict, after.good, after.bad) == (Verdict.EXCUSED, 2, 0)
    assert {pane.start_ms for pane in after.excluded} == {START_MS}


def test_a_short_window_is_told_beside_the_long_one() -> None:
    objective = replace(QUARTER, short_ms=5 * MINUTE_MS, silence=Silence.HOLD)
    evaluator = engine(objective)
    arrive(evaluator, 0, BAD, BAD)
    arrive(evaluator, 7, GOOD)
    evaluator.advance(START_MS + 13 * MINUTE_MS + LATENESS_MS)
    then, over, later = (explained(evaluator, minute, objective).window for minute in (1, 8, 13))
    assert ((then.good, then.bad), then.short, then.verdict) == ((0, 2), (0, 2), Verdict.BELOW)
    assert ((over.good, over.bad), over.short, over.verdict) == ((1, 2), (1, 0), Verdict.MET)
    assert ((later.good, later.bad), later.short, later.verdict) == ((1, 2), (0, 0), Verdict.MET)


def test_what_ends_a_breach_that_silence_holds_is_foreseen() -> None:
    objective = replace(QUARTER, silence=Silence.HOLD, minimum_events=1)
    evaluator = engine(objective)
    arrive(evaluator, 0, BAD)
    evaluator.advance(START_MS + 30 * MINUTE_MS + LATENESS_MS)
    listings = Listings()
    arguments = (stored(evaluator), KEY, objective, None, LATENESS_MS, Exclusions(), listings)
    assert explain(*arguments).outlook is None
    listings.add(APP, None, START_MS)
    assert explain(*arguments).outlook is AlertReason.RETIRED
