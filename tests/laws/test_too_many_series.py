"""An app that has as many series as it may begins no further one, whatever comes, crashes and is let go in between."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from streams.health.counts import NOT_COUNTED
from streams.names import WEBHOOK, Topics
from tests.laws.agreement import agree
from tests.laws.engine import PartitionRun, law
from tests.model import Record, judge
from tests.model.build import DEFAULTS, clock_ms, delivery
from tests.model.generate import LATENESS_MS, logs, objectives, random_log, random_objectives

WEBHOOK_15M = [DEFAULTS["webhook-delivery-15m"]]


@law
@given(log=logs(), judged_by=objectives, disorder=st.one_of(st.none(), st.randoms(use_true_random=False)))
def test_on_any_log(log: list[Record], judged_by: list[Objective], disorder: random.Random | None) -> None:
    agree(log, judged_by, 1, disorder, max_series_per_app=1)


@pytest.mark.parametrize("seed", range(6))
def test_on_long_logs_some_are_refused_and_some_later_let_in(seed: int) -> None:
    log, judged_by = random_log(seed, 400), random_objectives(seed)
    refused = judge(log, judged_by, lateness_ms=LATENESS_MS, partitions=1, max_series_per_app=1).rejected
    assert any(reason == "too_many_series" for *_, reason in refused)
    agree(log, judged_by, 1, random.Random(seed), max_series_per_app=1)


def partition(max_series_per_app: int) -> PartitionRun:
    return PartitionRun(
        Topics().input(WEBHOOK), WEBHOOK_15M, lateness_ms=LATENESS_MS, max_series_per_app=max_series_per_app
    )


def test_stored_series_stay_when_fewer_are_allowed() -> None:
    one = partition(max_series_per_app=3)
    one.read(*(delivery("12:00", product=product) for product in ("Jira", "Trello", "Loom")))
    one.commit()
    one.max_series_per_app = 2
    one.take_over()
    one.read(delivery("12:01", product="Loom"), delivery("12:01", product="Jira"), delivery("12:01", product="Compass"))
    stored = one.commit()
    assert sorted(scope for _, scope in stored.series) == ["Jira", "Loom", "Trello"]
    assert stored.rejected == [(5, "too_many_series")]


def test_a_refused_event_moves_time_and_one_that_is_not_counted_is_not_refused() -> None:
    one = partition(max_series_per_app=1)
    one.read(delivery("12:00"), delivery("12:10", product="Loom"), delivery("12:20", product="Loom", group="DEV"))
    assert one.unit.evaluator.watermark_ms == clock_ms("12:20")
    assert (one.commit().rejected, one.unit.counts[NOT_COUNTED]) == ([(1, "too_many_series")], 1)


def test_there_is_room_once_the_boundaries_that_the_event_makes_due_have_let_one_go() -> None:
    one = partition(max_series_per_app=1)
    one.read(delivery("12:00"), delivery("12:16", product="Loom"), delivery("12:17", product="Loom"))
    assert one.commit().rejected == [(1, "too_many_series")]
    assert list(one.unit.evaluator.series) == [("com.example.app", "Loom")]
