"""The state machine, branch by branch, by the letters of its drawing."""

from dataclasses import replace
from fractions import Fraction

import pytest

from streams.evaluation.objective import Objective, Silence
from streams.evaluation.transition import AT_REST, AlertReason, ObjectiveState, judge

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

MET, BREACHED = None, 60_000
GOOD, EXACT, BELOW, SILENT, FEW = (100, 0), (99, 1), (98, 2), (0, 0), (0, 9)


@pytest.mark.parametrize(
    ("objective", "breached_at_ms", "run", "window", "reason", "after"),
    [
        pytest.param(ONE_PERCENT, BREACHED, 0, SILENT, AlertReason.NO_DATA, (None, 0), id="a"),
        pytest.param(ONE_PERCENT, BREACHED, 2, SILENT, AlertReason.NO_DATA, (None, 0), id="a: pending recovery"),
        pytest.param(AT_LEAST_TEN, BREACHED, 0, SILENT, AlertReason.NO_DATA, (None, 0), id="a: before the minimum"),
        pytest.param(HOLDS, BREACHED, 2, SILENT, None, (BREACHED, 0), id="b: held"),
        pytest.param(ONE_PERCENT, MET, 1, SILENT, None, (None, 0), id="b: met"),
        pytest.param(HOLDS, MET, 1, SILENT, None, (None, 0), id="b: met, held"),
        pytest.param(AT_LEAST_TEN, MET, 1, FEW, None, (None, 1), id="c: met"),
        pytest.param(AT_LEAST_TEN, BREACHED, 2, FEW, None, (BREACHED, 2), id="c: breached"),
        pytest.param(AT_LEAST_TEN, MET, 1, (0, 10), AlertReason.BELOW_OBJECTIVE, (180_000, 0), id="not c: the minimum"),
        pytest.param(ONE_PERCENT, MET, 0, BELOW, None, (None, 1), id="d: not yet"),
        pytest.param(ONE_PERCENT, MET, 1, BELOW, AlertReason.BELOW_OBJECTIVE, (180_000, 0), id="d"),
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
    window: tuple[int, int],
    reason: AlertReason | None,
    after: tuple[int | None, int],
) -> None:
    assert judge(objective, ObjectiveState(breached_at_ms, run), 180_000, *window) == (after, reason)


@pytest.mark.parametrize("objective", [ONE_PERCENT, HOLDS, AT_LEAST_TEN])
@pytest.mark.parametrize("window", [GOOD, EXACT, SILENT, FEW])
def test_x_a_breach_that_an_exclusion_explains_is_annulled_whatever_is_left(
    objective: Objective, window: tuple[int, int]
) -> None:
    assert judge(objective, ObjectiveState(BREACHED, 2), 180_000, *window, is_excused=True) == (
        AT_REST,
        AlertReason.EXCLUDED,
    )


def test_x_what_is_met_needs_no_excuse() -> None:
    assert judge(ONE_PERCENT, ObjectiveState(MET, 1), 180_000, *GOOD, is_excused=True) == (AT_REST, None)


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
