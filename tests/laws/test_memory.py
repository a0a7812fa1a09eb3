"""State does not grow with apps that come and go: what is met and empty is dropped, held breaches keep no panes."""

from dataclasses import replace

import pytest

from streams.evaluation.objective import Silence
from streams.evaluation.transition import ObjectiveState
from streams.tables.rows import encode_key
from tests.laws.beside import TOPICS
from tests.laws.broker import Broker
from tests.laws.engine import PartitionRun, run
from tests.model.build import DEFAULTS, check, clock_ms, delivery
from tests.model.generate import HOUR_MS, LATENESS_MS, START_MS, random_log, random_objectives

WEBHOOKS = TOPICS.input(next(metric for metric in TOPICS.inputs.values() if metric.table == "webhook"))
CHECKS = TOPICS.input(next(metric for metric in TOPICS.inputs.values() if metric.table == "availability"))


def webhooks() -> PartitionRun:
    return PartitionRun(WEBHOOKS, [DEFAULTS["webhook-delivery-15m"]], lateness_ms=LATENESS_MS)


def test_a_series_that_is_met_and_empty_is_dropped_with_a_tombstone() -> None:
    one = webhooks()
    one.read(delivery("12:00"))
    row = encode_key(("com.example.app", "Jira"))
    assert row in one.commit().rows
    one.judge_through(clock_ms("12:15"))
    one.commit()
    assert row in one.broker.rows  # the window of 12:15 still holds its delivery
    one.judge_through(clock_ms("12:16"))
    work = one.unit.take_work()
    assert work is not None
    assert work.rows[row] is None


def test_a_thousand_apps_that_went_away_leave_nothing() -> None:
    one = webhooks()
    one.read(*(delivery("12:00", 500 if number % 2 else 204, app=f"app-{number}") for number in range(1_000)))
    one.commit()
    assert len(one.broker.series) == 1_000
    one.judge_through(clock_ms("12:16"))
    one.commit()
    assert len(one.broker.alerts) == 1_000  # 500 breaches and their recoveries
    assert one.broker.series == {}
    assert one.unit.evaluator.series == {}


def test_a_held_breach_keeps_its_standing_alone() -> None:
    one = PartitionRun(CHECKS, [DEFAULTS["app-availability-15m"]], lateness_ms=LATENESS_MS)
    one.read(check("12:00", 503), check("12:00", app="com.example.well"))
    one.judge_through(clock_ms("15:00"))
    ((_, series),) = one.commit().series.items()
    assert series.key == ("com.example.app", "https://app.example.com")
    assert series.states == {"app-availability-15m": ObjectiveState(clock_ms("12:01"), 0, clock_ms("12:16"))}
    assert (series.earliest_pane, series.latest_pane) == (-1, -1)


def test_a_busy_series_keeps_no_more_panes_than_its_longest_window_and_one() -> None:
    one = webhooks()
    for minute in range(300):
        one.read(delivery(f"{12 + minute // 60}:{minute % 60:02}", 500 if minute % 7 == 0 else 204))
    ((_, series),) = one.commit().series.items()
    assert len(series.by_host.panes) <= 17


@pytest.mark.parametrize("seed", range(8))
def test_after_a_long_silence_only_held_breaches_remain(seed: int) -> None:
    log, judged_by = random_log(seed, 300), random_objectives(seed)
    judged_by = [replace(it, silence=Silence.HOLD) if number % 2 else it for number, it in enumerate(judged_by)]
    held_names = {objective.name for objective in judged_by if objective.silence is Silence.HOLD}
    brokers = run(log, judged_by, lateness_ms=LATENESS_MS, partitions=1, until_ms=START_MS + 48 * HOUR_MS)
    for broker in brokers.values():
        assert {name for series in broker.series.values() for name in series.states} <= held_names
        assert all(series.latest_pane == -1 for series in broker.series.values())
        assert _standing_breaches(broker) == _open_incidents(broker)


def _standing_breaches(broker: Broker) -> set[tuple[str, str, str]]:
    return {(*key, name) for key, series in broker.series.items() for name in series.states}


def _open_incidents(broker: Broker) -> set[tuple[str, str, str]]:
    latest = {(alert["appKey"], alert["scope"], alert["objective"]): alert["type"] for alert in broker.alerts}
    return {key for key, kind in latest.items() if kind == "BREACH"}
