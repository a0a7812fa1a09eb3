"""The state machine, branch by branch, by the letters of its drawing."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from streams.evaluation.objective import Objective, Silence
from streams.evaluation.transition import AT_REST, AlertReason, ObjectiveState, judge
from streams.evaluation.verdict import Counts, Verdict, verdict_of

ONE_PERCENT = Objective(
    "o",
    "webhook-delivery-success-rate",
    900_000,
    60_000,
    Fraction(1, 100),
    alert_after_ms=60_000,
    recover_after_ms=60_001,
)
HOLDS = replace(ONE_PERCENT, silence=Silence.HOLD)
AT_LEAST_TEN = replace(ONE_PERCENT, minimum_events=10)

MET, BREACHED, NOW = None, 60_000, 180_000
GOOD, EXACT, BELOW, SILENT, FEW = (100, 0), (99, 1), (98, 2), (0, 0), (0, 9)


@pytest.mark.parametrize(
    ("objective", "breached_at_ms", "run", "window", "reason", "after"),
    [
        pytest.param(ONE_PERCENT, BREACHED, 0, SILENT, AlertReason.NO_DATA, (None, 0), id="a"),
        pytest.param(ONE_PERCENT, BREACHED, 2, SILENT, AlertReason.NO_DATA, (None, 0), id="a: pending recovery"),
        pytest.param(AT_LEAST_TEN, BREACHED, 0, SILENT, AlertReason.NO_DATA, (None, 0), id="a: before the minimum"),
        pytest.param(HOLDS, BREACHED, 2, SILENT, None, (BREACHED, 0, NOW), id="b: held"),
        pytest.param(ONE_PERCENT, MET, 1, SILENT, None, (None, 0), id="b: met"),
        pytest.param(HOLDS, MET, 1, SILENT, None, (None, 0), id="b: met, held"),
        pytest.param(AT_LEAST_TEN, MET, 1, FEW, None, (None, 1), id="c: met"),
        pytest.param(AT_LEAST_TEN, BREACHED, 2, FEW, None, (BREACHED, 2), id="c: breached"),
        pytest.param(AT_LEAST_TEN, MET, 1, (0, 10), AlertReason.BELOW_OBJECTIVE, (NOW, 0), id="not c: the minimum"),
        pytest.param(ONE_PERCENT, MET, 0, BELOW, None, (None, 1), id="d: not yet"),
        pytest.param(ONE_PERCENT, MET, 1, BELOW, AlertReason.BELOW_OBJECTIVE, (NOW, 0), id="d"),
        pytest.param(ONE_PERCENT, MET, 1, GOOD, None, (None, 0), id="e"),
        pytest.param(ONE_PERCENT, MET, 1, EXACT, None, (None, 0), id="e: exactly at the objective"),
        pytest.param(ONE_PERCENT, BREACHED, 1, GOOD, None, (BREACHED, 2), id="f: not yet"),
        pytest.param(ONE_PERCENT, BREACHED, 2, GOOD, AlertReason.RESTORED, (None, 0), id="f"),
        pytest.param(
            ONE_PERCENT, BREACHED, 2, EXACT, AlertReason.RESTORED, (None, 0), id="f: exactly at the objective"
        ),
        pytest.param(ONE_PERCENT, BREACHED, 2, BELOW, None, (BREACHED, 0), id="g"),
    ],
)
def test_branch(
    objective: Objective,
    breached_at_ms: int | None,
    run: int,
    window: Counts,
    reason: AlertReason | None,
    after: tuple[Any, ...],
) -> None:
    verdict = verdict_of(objective, window, None, is_breached=breached_at_ms is not None)
    state, found = judge(objective, ObjectiveState(breached_at_ms, run), NOW, verdict)
    assert (state, found) == (ObjectiveState(*after), reason)


SINCE = NOW - 120_000


@pytest.mark.parametrize(
    ("hold_for_ms", "release", "reason"),
    [
        (120_001, None, None),
        (120_000, None, AlertReason.NO_DATA),
        (0, None, AlertReason.NO_DATA),
        (120_000, AlertReason.RETIRED, AlertReason.RETIRED),
        (900_000, AlertReason.RETIRED, AlertReason.RETIRED),
        (900_000, AlertReason.EXCLUDED, AlertReason.EXCLUDED),
    ],
)
def test_h_a_silence_that_is_held_ends(
    hold_for_ms: int, release: AlertReason | None, reason: AlertReason | None
) -> None:
    held, objective = ObjectiveState(BREACHED, 0, SINCE), replace(HOLDS, hold_for_ms=hold_for_ms)
    assert judge(objective, held, NOW, Verdict.SILENCE, release) == (held if reason is None else AT_REST, reason)


def test_h_silence_begins_with_its_first_boundary_and_ends_with_an_event() -> None:
    assert judge(HOLDS, ObjectiveState(BREACHED, 0, SINCE), NOW, Verdict.SILENCE)[0].silent_ms == SINCE
    for verdict in (Verdict.TOO_FEW_EVENTS, Verdict.BELOW, Verdict.HELD, Verdict.MET):
        assert judge(HOLDS, ObjectiveState(BREACHED, 0, SINCE), NOW, verdict)[0].silent_ms is None


@pytest.mark.parametrize("objective", [ONE_PERCENT, HOLDS, AT_LEAST_TEN])
def test_x_a_breach_that_an_exclusion_explains_is_annulled(objective: Objective) -> None:
    after = judge(objective, ObjectiveState(BREACHED, 2), NOW, Verdict.EXCUSED)
    assert after == (AT_REST, AlertReason.EXCLUDED)


def test_g_a_short_window_without_an_event_leaves_a_breach_that_silence_holds() -> None:
    assert judge(HOLDS, ObjectiveState(BREACHED, 2), NOW, Verdict.HELD) == (ObjectiveState(BREACHED), None)


@pytest.mark.parametrize(
    ("good", "bad", "below"),
    [(999, 1, False), (998, 2, True), (9_990, 10, False), (9_989, 11, True), (0, 1, True), (1, 0, False)],
)
def test_three_nines_are_exact(good: int, bad: int, below: bool) -> None:
    three_nines = replace(ONE_PERCENT, budget=Fraction(1, 1_000))
    assert three_nines.is_below(good, bad) is below


def test_gte_breaches_at_the_objective_itself() -> None:
    at_budget = replace(ONE_PERCENT, breach_at_budget=True)
    assert at_budget.is_below(*EXACT)
    assert not at_budget.is_below(100, 1)


def test_a_count_beyond_a_double_is_still_exact() -> None:
    total = 10**18
    assert not ONE_PERCENT.is_below(total - total // 100, total // 100)
    assert ONE_PERCENT.is_below(total - total // 100 - 1, total // 100 + 1)


@pytest.mark.parametrize(
    ("after_ms", "hop_ms", "boundaries"),
    [
        (0, 60_000, 1),
        (1_000, 60_000, 2),
        (60_000, 60_000, 2),
        (300_000, 60_000, 6),
        (300_000, 120_000, 4),
        (300_000, 300_000, 2),
        (60_000, 300_000, 2),
    ],
)
def test_the_last_boundary_in_a_row_lies_at_least_the_duration_after_the_first(
    after_ms: int, hop_ms: int, boundaries: int
) -> None:
    patient = replace(ONE_PERCENT, hop_ms=hop_ms, alert_after_ms=after_ms, recover_after_ms=after_ms)
    assert (patient.alert_boundaries, patient.recover_boundaries) == (boundaries, boundaries)
