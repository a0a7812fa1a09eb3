"""The engine by examples: when a boundary is judged, and what is let go; any log is a law (tests/laws)."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from streams.evaluation.evaluator import Evaluator
from streams.evaluation.objective import Objective, Silence
from streams.evaluation.series import Series
from streams.evaluation.store import SERIES_A_STEP, SeriesStore
from streams.evaluation.transition import AlertReason, Kind, ObjectiveState
from streams.intake.admission import Admission
from streams.names import WEBHOOK
from streams.windows.hopping import LONG_AGO, NEVER
from tests.build import APPLICATION, chunk
from tests.model import Record
from tests.model.build import DEFAULTS, MINUTE_MS, clock_ms, delivery

OBJECTIVE = DEFAULTS["webhook-delivery-15m"]
DAY_MS = 24 * 60 * MINUTE_MS


def given(*records: Record, by: Sequence[Objective] = (OBJECTIVE,)) -> Evaluator:
    return more(Evaluator(by, 10_000), *records)


def more(evaluator: Evaluator, *records: Record) -> Evaluator:
    to = Admission(WEBHOOK, evaluator, APPLICATION, lambda _key: True)
    to.admit([one for some in chunk(*records).slices() for one in some], None)
    return evaluator


@pytest.mark.parametrize(("until", "is_judged"), [("12:01:09.999", False), ("12:01:10", True)])
def test_a_boundary_is_judged_when_the_lateness_is_over_and_not_before(until: str, is_judged: bool) -> None:
    evaluator = given(delivery("12:00", 500))
    evaluator.advance(clock_ms(until))
    assert len(evaluator.take_transitions()) == is_judged


def test_a_series_without_an_event_in_its_window_is_let_go() -> None:
    evaluator = given(delivery("12:00"), delivery("12:10", app="com.example.other"))
    evaluator.advance(clock_ms("12:16:10"))
    assert [app_key for app_key, _ in evaluator.series] == ["com.example.other"]


def test_a_series_that_goes_on_keeps_no_more_panes_than_its_window_has() -> None:
    evaluator = given(*(delivery(f"{hour:02}:{minute:02}") for hour in range(12, 18) for minute in range(60)))
    (series,) = evaluator.series.values()
    assert 15 <= len(list(series.by_host)) <= 18


def test_a_breach_that_another_judge_left_open_changed_and_is_watched() -> None:
    evaluator = given(delivery("12:00"))
    evaluator.take_dirty()
    for key in (("com.example.app", "Jira"), ("com.example.other", "Jira")):
        evaluator.take_up(key, OBJECTIVE.name, clock_ms("11:50"))
    assert evaluator.take_dirty() == evaluator.series.watched
    assert len(evaluator.series.watched) == 2
    taken_up = {OBJECTIVE.name: ObjectiveState(clock_ms("11:50"))}
    assert [dict(series.states) for series in evaluator.series.watched] == [taken_up, taken_up]


def test_an_objective_is_newly_judged_where_stored_state_knows_nothing_of_it() -> None:
    stored = given(delivery("12:00")).progress
    added = replace(OBJECTIVE, name="added")
    assert Evaluator([OBJECTIVE, added], 10_000, stored).newly_judged == {"added"}
    assert Evaluator([OBJECTIVE, added], 10_000).newly_judged == set()


def test_a_series_is_to_be_stored_when_a_boundary_changed_it_and_not_when_it_did_not() -> None:
    evaluator = given(delivery("12:00", 500))
    evaluator.take_dirty()
    evaluator.advance(clock_ms("12:01:10"))
    assert [series.key for series in evaluator.take_dirty()] == [("com.example.app", "Jira")]
    evaluator.advance(clock_ms("12:02:10"))
    assert (evaluator.take_dirty(), len(evaluator.series.watched)) == ([], 1)


def restored(evaluator: Evaluator, *objectives: Objective, others: Sequence[str] = ()) -> Evaluator:
    """What its next owner makes of its state, once that is stored."""
    evaluator.take_dirty()
    return Evaluator(objectives, 10_000, evaluator.progress, SeriesStore(evaluator.series.values()), others=others)


def test_a_series_of_a_former_owner_is_let_go_as_well() -> None:
    evaluator = restored(given(delivery("12:00")), OBJECTIVE)
    evaluator.advance(clock_ms("13:00"))
    assert len(evaluator.series) == 0


def test_a_breach_of_an_objective_that_others_judge_is_only_dropped() -> None:
    before = given(delivery("12:00", 500))
    before.advance(clock_ms("12:01:10"))
    handed_over = restored(before, others=[OBJECTIVE.name])
    (series,) = handed_over.series.values()
    assert dict(series.states) == {}
    handed_over.advance(clock_ms("12:02:10"))
    assert handed_over.take_transitions() == []


def test_a_breach_of_an_objective_that_is_gone_recovers_at_its_next_boundary() -> None:
    before = given(delivery("12:00", 500))
    before.advance(clock_ms("12:01:10"))
    gone = restored(before, replace(OBJECTIVE, name="another", minimum_events=9))
    gone.advance(clock_ms("12:02:10"))
    assert [(one.kind, one.reason) for one in gone.take_transitions()] == [(Kind.RECOVERY, AlertReason.RETIRED)]
    (series,) = gone.take_dirty()
    assert (series.key, series.is_idle, dict(series.states)) == (("com.example.app", "Jira"), False, {})


def test_what_was_kept_for_the_last_objective_is_let_go_once_that_is_gone() -> None:
    gone = restored(given(delivery("12:00", 500), delivery("12:01:30")))
    gone.advance(clock_ms("12:02:10"))
    assert len(gone.take_transitions()) == 1
    assert len(gone.series) == 0


def test_a_failure_that_a_former_owner_counted_is_judged_by_the_next_one() -> None:
    after = restored(given(delivery("12:00", 500)), OBJECTIVE)
    after.advance(clock_ms("12:01:10"))
    assert [one.kind for one in after.take_transitions()] == [Kind.BREACH]


def breaches(evaluator: Evaluator) -> list[tuple[str, int]]:
    return [(one.objective.name, one.boundary_ms) for one in evaluator.take_transitions()]


def test_an_objective_that_is_met_keeps_no_other_from_a_breach() -> None:
    lenient = replace(OBJECTIVE, name="lenient", budget=Fraction(1, 2))
    evaluator = given(delivery("12:00", 500), delivery("12:00"), by=[lenient, OBJECTIVE])
    evaluator.advance(clock_ms("12:01:10"))
    assert breaches(evaluator) == [(OBJECTIVE.name, clock_ms("12:01"))]


def test_an_objective_that_stays_in_breach_keeps_no_other_from_one() -> None:
    patient = replace(OBJECTIVE, name="patient", alert_after_ms=60_000)
    evaluator = given(delivery("12:00", 500), by=[OBJECTIVE, patient])
    evaluator.advance(clock_ms("12:02:10"))
    assert breaches(evaluator) == [(OBJECTIVE.name, clock_ms("12:01")), ("patient", clock_ms("12:02"))]


def test_an_objective_that_still_waits_for_its_window_keeps_no_other_from_a_breach() -> None:
    longer = replace(OBJECTIVE, name="longer", window_ms=2 * OBJECTIVE.window_ms)
    before = given(delivery("11:58"), delivery("12:00"))
    evaluator = more(restored(before, longer, OBJECTIVE), delivery("12:00:30", 500))
    evaluator.advance(clock_ms("12:01:10"))
    assert breaches(evaluator) == [(OBJECTIVE.name, clock_ms("12:01"))]


def test_without_an_objective_time_goes_on_by_whole_panes() -> None:
    evaluator = given(delivery("12:00"), by=())
    evaluator.advance(clock_ms("12:10:05"))
    progress = evaluator.progress
    assert progress is not None
    assert (progress.watermark_ms, progress.judged_ms) == (clock_ms("12:10:05"), clock_ms("12:09"))


def test_without_an_objective_no_event_is_too_late() -> None:
    assert given(delivery("12:00"), by=()).floor_ms == LONG_AGO


def test_a_record_that_does_not_tell_the_time_lets_the_clock_judge() -> None:
    nothing, one = given(), given(delivery("12:00", arrives=None))
    assert (nothing.can_tick, nothing.progress) == (False, None)
    assert (one.can_tick, one.progress and one.progress.watermark_ms) == (True, LONG_AGO)


def test_from_the_first_event_on_it_tells_when_it_judges_next_and_what_is_too_late_for_that() -> None:
    evaluator = given(delivery("12:00"))
    assert (evaluator.due_ms, evaluator.floor_ms) == (clock_ms("12:00:10"), clock_ms("11:45"))
    evaluator.advance(clock_ms("12:00:10"))
    assert (evaluator.due_ms, evaluator.floor_ms) == (clock_ms("12:01:10"), clock_ms("11:46"))


def test_many_series_are_judged_in_steps_and_their_transitions_told_in_order() -> None:
    evaluator = Evaluator([OBJECTIVE], 10_000)
    evaluator.advance(clock_ms("12:00:09"))
    for number in reversed(range(2_000)):
        series = evaluator.series.new(f"app-{number:04}", "Jira")
        evaluator.turn_to(series, series, clock_ms("12:00") // MINUTE_MS, 1)
        evaluator.series.watch(series)
    steps = len(list(evaluator.advancing(clock_ms("12:01:10"))))
    assert steps == 2 * (2_000 // SERIES_A_STEP) + 2 * 2  # of two boundaries, each with the order and the end of it
    assert [one.app_key for one in evaluator.take_transitions()] == [f"app-{number:04}" for number in range(2_000)]


def test_what_is_before_all_windows_when_time_begins_is_let_go_at_once() -> None:
    evaluator = given(delivery("10:00", arrives=None))  # which tells no time: nothing is too late yet
    assert len(evaluator.series) == 1
    evaluator.advance(clock_ms("12:00:30"))
    assert len(evaluator.series) == 0


def test_a_state_that_knows_no_time_yet_lets_the_clock_judge() -> None:
    assert restored(given(delivery("12:00", arrives=None)), OBJECTIVE).can_tick


def test_without_an_objective_and_without_a_time_nothing_is_judged() -> None:
    progress = given(delivery("12:00", arrives=None), by=()).progress
    assert progress is not None
    assert progress.judged_ms == LONG_AGO


def test_what_was_judged_last_is_a_boundary_of_some_objective() -> None:
    slower = replace(OBJECTIVE, name="slower", hop_ms=3 * MINUTE_MS)
    evaluator = given(delivery("12:00"), by=[replace(OBJECTIVE, hop_ms=2 * MINUTE_MS), slower])
    evaluator.advance(clock_ms("12:01:10"))
    progress = evaluator.progress
    assert progress is not None
    assert (progress.pane_ms, progress.judged_ms) == (MINUTE_MS, clock_ms("12:00"))


def test_a_breach_that_is_taken_up_keeps_what_was_counted() -> None:
    evaluator = given(delivery("12:00", 500))
    evaluator.take_up(("com.example.app", "Jira"), OBJECTIVE.name, clock_ms("11:50"))
    (series,) = evaluator.series.values()
    assert series.counted([(0, NEVER)]) == (0, 1)


def test_a_breach_that_is_dropped_is_dropped_from_what_is_stored() -> None:
    before = given(delivery("12:00", 500))
    before.advance(clock_ms("12:01:10"))
    handed_over = restored(before, others=[OBJECTIVE.name])
    assert [(series.is_idle, dict(series.states)) for series in handed_over.take_dirty()] == [(False, {})]
    bare = Series(("com.example.app", "Jira"))
    bare.put(OBJECTIVE.name, ObjectiveState(clock_ms("11:50")))
    left = Evaluator([], 10_000, before.progress, SeriesStore([bare]), others=[OBJECTIVE.name])
    assert len(left.series) == 0
    assert [(series.key, series.is_idle) for series in left.take_dirty()] == [(bare.key, True)]


def test_what_one_objective_that_is_gone_changed_is_stored_though_another_changes_nothing() -> None:
    never = replace(OBJECTIVE, name="never", minimum_events=9)
    before = given(delivery("12:00", 500), by=[OBJECTIVE, never])
    before.advance(clock_ms("12:01:10"))
    gone = restored(before, replace(OBJECTIVE, name="another", minimum_events=9))
    gone.advance(clock_ms("12:02:10"))
    assert len(gone.take_dirty()) == 1


def test_an_objective_that_is_gone_changes_nothing_where_it_was_met() -> None:
    never = replace(OBJECTIVE, name="never", minimum_events=9)
    gone = restored(given(delivery("12:00", 500), by=[never]), replace(never, name="another"))
    gone.advance(clock_ms("12:01:10"))
    assert gone.take_dirty() == []


def test_a_month_of_silence_is_judged_by_few_boundaries() -> None:
    holding = replace(OBJECTIVE, silence=Silence.HOLD, hold_for_ms=40 * DAY_MS)
    evaluator = given(delivery("12:00", 500), by=[holding])
    evaluator.advance(clock_ms("12:20:10"))
    steps = len(list(evaluator.advancing(clock_ms("12:20:10") + 30 * DAY_MS)))
    assert (steps < 50, len(evaluator.series.watched)) == (True, 1)


@pytest.mark.parametrize(("at", "is_due"), [("12:01:09.999", False), ("12:01:10", True)])
def test_it_tells_at_which_time_it_could_judge(at: str, is_due: bool) -> None:
    evaluator = given(delivery("12:00"))
    evaluator.advance(clock_ms("12:00:10"))
    assert evaluator.is_due(clock_ms(at)) is is_due
    assert given().is_due(clock_ms(at))
