"""A crash and a take-over leave no trace in the state; objectives may change in between."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.objective import Judge, Objective, Silence
from streams.evaluation.progress import PanesDoNotFitError
from tests.laws.beside import TOPICS
from tests.laws.engine import PartitionRun, law, run
from tests.model import Record
from tests.model.alert import incident_id
from tests.model.build import DAY_MS, DEFAULTS, MINUTE_MS, clock_ms, delivery, exclusion, short
from tests.model.generate import HOUR_MS, LATENESS_MS, START_MS, logs, objectives, random_log, random_objectives

# A failing log is long; that must not hide how the two differ.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

FAST = DEFAULTS["webhook-delivery-15m"]
SLOW = replace(FAST, name="webhook-delivery-1d", window_ms=DAY_MS, hop_ms=5 * MINUTE_MS)
WEBHOOKS = next(topic for topic, metric in TOPICS.inputs.items() if metric.id == FAST.metric)


@law
@given(log=logs(2), judged_by=objectives, disorder=st.randoms(use_true_random=False))
def test_what_is_stored_does_not_depend_on_crashes_and_commits(
    log: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    assert_same_rows(log, judged_by, disorder, until_ms=None)


@pytest.mark.parametrize("seed", range(8))
def test_nor_after_a_long_log_and_a_silence(seed: int) -> None:
    log, judged_by = random_log(seed, 300, partitions=2), random_objectives(seed)
    for hours in (1, 2, 4):
        assert_same_rows(log, judged_by, random.Random(seed), until_ms=START_MS + hours * HOUR_MS)


def assert_same_rows(
    log: list[Record], judged_by: list[Objective], disorder: random.Random, until_ms: int | None
) -> None:
    straight, disturbed = (
        run(log, judged_by, lateness_ms=LATENESS_MS, partitions=2, until_ms=until_ms, disorder=how)
        for how in (None, disorder)
    )
    assert {place: broker.rows for place, broker in disturbed.items()} == {
        place: broker.rows for place, broker in straight.items()
    }


def breached(*judged_by: Objective) -> PartitionRun:
    """Half of the deliveries failed at 12:00: in breach since 12:01, committed there."""
    one = PartitionRun(WEBHOOKS, judged_by, lateness_ms=LATENESS_MS)
    one.read(delivery("12:00"), delivery("12:00", 500))
    one.judge_through(clock_ms("12:01"))
    one.commit()
    return one


def test_a_removed_objective_recovers_at_the_next_boundary() -> None:
    one = breached(FAST, replace(FAST, name="other"))
    one.take_over([FAST])
    one.judge_through(clock_ms("12:03"))
    alerts = one.commit().alerts
    assert [(alert["objective"], alert["time"][11:16], alert["reason"]) for alert in alerts[2:]] == [
        ("other", "12:02", "RETIRED")
    ]
    breach, recovery = (alert for alert in alerts if alert["objective"] == "other")
    assert recovery["incidentId"] == breach["incidentId"]
    assert recovery["breachedAt"] == breach["time"]
    assert (recovery["goodCount"], recovery["badCount"]) == (1, 1)


@pytest.mark.parametrize(("until", "good", "bad"), [("12:01", 2, 1), ("12:02", 0, 0)])
def test_it_recovers_with_the_counts_after_exclusion(until: str, good: int, bad: int) -> None:
    known_to_the_next_boundary = exclusion("12:02", "12:00", until)
    one = PartitionRun(WEBHOOKS, [FAST], lateness_ms=LATENESS_MS, beside=[known_to_the_next_boundary])
    one.beside.read()
    one.read(delivery("12:00", 500), delivery("12:01"), delivery("12:01"), delivery("12:01", 500))
    one.judge_through(clock_ms("12:01"))
    one.commit()
    one.take_over([])
    one.judge_through(clock_ms("12:03"))
    assert short(one.commit().alerts) == [("12:01", "BELOW_OBJECTIVE", 0, 1), ("12:02", "RETIRED", good, bad)]


def test_it_recovers_once_however_often_the_partition_is_taken_over() -> None:
    one = breached(FAST)
    one.take_over([])
    one.take_over([])
    one.judge_through(clock_ms("12:02"))
    one.commit()
    one.take_over([])
    one.judge_through(clock_ms("12:30"))
    assert short(one.commit().alerts) == [("12:01", "BELOW_OBJECTIVE", 1, 1), ("12:02", "RETIRED", 1, 1)]


def test_without_an_objective_left_all_recover_and_the_state_goes() -> None:
    one = breached(FAST, SLOW)
    one.take_over([])
    one.judge_through(clock_ms("12:10"))
    broker = one.commit()
    assert [(alert["objective"], alert["time"][11:16], alert["reason"]) for alert in broker.alerts] == [
        ("webhook-delivery-15m", "12:01", "BELOW_OBJECTIVE"),
        ("webhook-delivery-15m", "12:02", "RETIRED"),
    ]  # the slow one was removed before its first boundary, 12:05
    assert broker.series == {}
    one.read(delivery("12:11"), delivery("12:12", 500))
    assert one.commit().series == {}
    assert one.broker.meta is not None
    assert one.broker.meta.next_offset == 4


def test_an_objective_added_to_a_metric_without_any_starts_from_then() -> None:
    one = PartitionRun(WEBHOOKS, [], lateness_ms=LATENESS_MS)
    one.read(delivery("12:00", 500), delivery("14:00", 500))
    one.commit()
    one.take_over([FAST])
    one.judge_through(clock_ms("15:00"))
    assert one.commit().alerts == []
    one.read(delivery("15:01", 500), delivery("15:03"))
    assert [alert["time"][11:16] for alert in one.commit().alerts] == ["15:02"]


def test_a_long_objective_recovers_with_the_counts_of_its_own_window() -> None:
    one = PartitionRun(WEBHOOKS, [FAST, SLOW], lateness_ms=LATENESS_MS)
    one.read(delivery("12:00"), delivery("12:00", 500), delivery("12:00:50"))
    one.judge_through(clock_ms("13:02"))
    one.commit()
    one.take_over([FAST])
    one.judge_through(clock_ms("13:05"))
    retired = one.commit().alerts[-1]
    assert short([retired]) == [("13:05", "RETIRED", 2, 1)]


def test_a_longer_window_added_later_counts_no_event_before_its_start() -> None:
    one = PartitionRun(WEBHOOKS, [FAST], lateness_ms=LATENESS_MS)
    one.read(*(delivery(f"{hour:02}:{minute:02}", 500) for hour in range(8) for minute in range(60)))
    one.read(*(delivery(f"{hour:02}:{minute:02}") for hour in range(8, 11) for minute in range(60)))
    one.commit()
    one.take_over([FAST, replace(SLOW, window_ms=2 * HOUR_MS)])
    one.judge_through(clock_ms("11:05"))
    assert [alert["objective"] for alert in one.commit().alerts] == [FAST.name, FAST.name]


def test_an_objective_that_comes_back_before_the_boundary_was_never_away() -> None:
    one = breached(FAST)
    one.take_over([])
    one.take_over([FAST])
    one.judge_through(clock_ms("12:02"))
    assert len(one.commit().alerts) == 1


def test_a_changed_target_keeps_the_incident() -> None:
    one = breached(FAST)
    one.take_over([replace(FAST, budget=FAST.budget / 2)])
    one.read(*(delivery("12:01") for _ in range(300)))
    one.judge_through(clock_ms("12:02"))
    breach, recovery = one.commit().alerts
    assert recovery["reason"] == "RESTORED"
    assert recovery["sloValue"] == 99.5
    assert (recovery["incidentId"], recovery["breachedAt"]) == (breach["incidentId"], breach["time"])


def test_a_held_breach_ends_when_the_objective_no_longer_holds() -> None:
    one = breached(replace(FAST, silence=Silence.HOLD))
    one.judge_through(clock_ms("14:00"))
    one.commit()
    one.take_over([FAST])
    one.judge_through(clock_ms("14:01"))
    assert short(one.commit().alerts)[1:] == [("14:01", "NO_DATA", 0, 0)]


def test_a_hop_that_fits_the_stored_panes_is_taken_up() -> None:
    one = breached(FAST)
    one.take_over([replace(FAST, hop_ms=5 * MINUTE_MS)])
    one.judge_through(clock_ms("12:20"))
    assert short(one.commit().alerts)[1:] == [("12:20", "NO_DATA", 0, 0)]


def test_a_hop_that_does_not_fit_refuses_and_says_how_to_go_on() -> None:
    one = breached(FAST)
    with pytest.raises(PanesDoNotFitError) as refusal:
        one.take_over([replace(FAST, hop_ms=30_000)])
    text = str(refusal.value)
    assert "webhook-delivery-15m" in text
    assert "30 s" in text
    assert "multiple of 60 s" in text
    assert "SLO_APPLICATION_ID" in text


HOURS = replace(SLOW, name="webhook-delivery-2h", window_ms=2 * HOUR_MS)


def test_an_objective_that_looks_back_before_the_panes_kept_waits_for_what_was_there() -> None:
    one = PartitionRun(WEBHOOKS, [FAST], lateness_ms=LATENESS_MS)
    one.read(*(delivery(f"12:{minute:02}", 500, app="was.there") for minute in range(30)))
    one.judge_through(clock_ms("12:30"))
    one.commit()
    one.take_over([FAST, HOURS])
    one.read(delivery("12:31", 500, app="was.there"), delivery("12:31", 500, app="came.later"))
    one.judge_through(clock_ms("12:40"))
    one.commit()
    one.take_over([FAST, HOURS])  # that it was added, and when, is stored
    one.read(*(delivery(f"14:{minute:02}", 500, app="was.there") for minute in range(20, 40)))
    one.judge_through(clock_ms("14:40"))
    of_hours = [alert for alert in one.commit().alerts if alert["objective"] == HOURS.name]
    assert [(alert["appKey"], alert["time"][11:16], alert["reason"]) for alert in of_hours] == [
        ("came.later", "12:35", "BELOW_OBJECTIVE"),
        ("was.there", "14:30", "BELOW_OBJECTIVE"),
        ("came.later", "14:35", "NO_DATA"),
    ]


def test_one_that_fits_into_the_panes_kept_is_judged_at_once() -> None:
    one = breached(SLOW)
    one.judge_through(clock_ms("12:30"))
    one.commit()
    one.take_over([SLOW, HOURS])
    one.judge_through(clock_ms("12:35"))
    assert [alert["objective"] for alert in one.commit().alerts] == [SLOW.name, HOURS.name]


def test_an_objective_that_another_judges_now_is_dropped_without_an_alert() -> None:
    one = breached(FAST, SLOW)
    one.take_over([replace(FAST, judge=Judge.HISTORY), SLOW])
    one.judge_through(clock_ms("12:30"))
    broker = one.commit()
    assert [(alert["objective"], alert["type"]) for alert in broker.alerts] == [
        (FAST.name, "BREACH"),
        (SLOW.name, "BREACH"),
    ]
    assert [set(series.states) for series in broker.series.values()] == [{SLOW.name}]


def test_without_another_objective_nothing_is_left_of_it() -> None:
    one = breached(replace(FAST, silence=Silence.HOLD))
    one.judge_through(clock_ms("13:00"))
    one.commit()
    one.take_over([replace(FAST, judge=Judge.HISTORY)])
    one.judge_through(clock_ms("13:01"))
    assert len(one.commit().alerts) == 1
    assert one.broker.series == {}


def test_the_next_judge_goes_on_with_the_breach_that_was_left_open() -> None:
    other = replace(FAST, name="other")
    one = PartitionRun(WEBHOOKS, [other], lateness_ms=LATENESS_MS)
    one.read(delivery("12:00", app="com.example.other"))
    one.judge_through(clock_ms("12:05"))
    one.commit()
    one.take_over([other, FAST])
    assert one.unit.evaluator.newly_judged == {FAST.name}
    one.unit.evaluator.take_up(("com.example.app", "Jira"), FAST.name, clock_ms("11:50"))
    one.judge_through(clock_ms("12:06"))
    one.commit()
    one.take_over()
    assert one.unit.evaluator.newly_judged == set()
    (recovery,) = one.broker.alerts
    assert (recovery["reason"], recovery["breachedAt"][11:16]) == ("NO_DATA", "11:50")
    assert recovery["incidentId"] == incident_id("com.example.app", FAST.metric, "Jira", FAST.name, clock_ms("11:50"))
