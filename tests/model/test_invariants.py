"""The model keeps the invariants on any log, and a list that breaks one is found out."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from tests.model import Record, judge
from tests.model.alert import Alert
from tests.model.build import DEFAULTS, check
from tests.model.generate import (
    HOUR_MS,
    LATENESS_MS,
    START_MS,
    logs,
    objectives,
    random_log,
    random_objectives,
    rearranged,
)
from tests.model.invariants import violations

PARTITIONS = 2


@settings(max_examples=50, deadline=None)
@given(log=logs(PARTITIONS), judged_by=objectives)
def test_the_model_keeps_the_invariants(log: list[Record], judged_by: list[Objective]) -> None:
    judged = judge(log, judged_by, lateness_ms=LATENESS_MS, partitions=PARTITIONS)
    for alerts in judged.alerts.values():
        assert violations(alerts) == []


@settings(max_examples=50, deadline=None)
@given(log=logs(PARTITIONS), judged_by=objectives, seed=st.integers(0, 1_000))
def test_order_inside_the_lateness_changes_nothing(log: list[Record], judged_by: list[Objective], seed: int) -> None:
    in_order = rearranged(log, random.Random(seed), 0)
    jumbled = rearranged(log, random.Random(seed), LATENESS_MS)
    first, second = (
        judge(order, judged_by, lateness_ms=LATENESS_MS, partitions=PARTITIONS, until_ms=START_MS + 48 * HOUR_MS).alerts
        for order in (in_order, jumbled)
    )
    assert first == second


@pytest.mark.parametrize("seed", range(3))
def test_generated_logs_breach_recover_and_are_rejected_for_every_reason(seed: int) -> None:
    log = random_log(seed, 4_000, partitions=PARTITIONS)
    judged = judge(log, random_objectives(seed), lateness_ms=LATENESS_MS, partitions=PARTITIONS)
    assert {alert["reason"] for alert in judged.all_alerts} == {"BELOW_OBJECTIVE", "RESTORED", "NO_DATA"}
    assert {reason for *_, reason in judged.rejected} == {
        "too_large",
        "not_json",
        "schema",
        "misplaced",
        "future_time",
        "too_late",
    }


def breach_and_recovery() -> list[Alert]:
    log = [check("12:00", 500), *[check(f"12:{minute}") for minute in range(10, 40)]]
    alerts = judge(log, [DEFAULTS["app-availability-15m"]], lateness_ms=10_000, partitions=1).all_alerts
    assert [alert["type"] for alert in alerts] == ["BREACH", "RECOVERY"]
    return alerts


def changed(alert: Alert, **fields: Any) -> Alert:
    return {**alert, **fields}


def test_what_breaks_an_invariant_is_named() -> None:
    breach, recovery = breach_and_recovery()
    assert violations([breach, recovery]) == []
    broken = {
        "published twice as BREACH": [breach, breach, recovery],
        "published twice as RECOVERY": [breach, recovery, recovery],
        "breached while already in breach": [breach, changed(breach, incidentId="x"), recovery],
        "recovered without a breach": [recovery],
        "incidentId": [breach, changed(recovery, incidentId="x")],
        "breachedAt": [breach, changed(recovery, breachedAt="2026-03-02T12:02:00Z")],
        "is not its time": [changed(breach, breachedAt="2026-03-02T11:00:00Z")],
        "recovered no later": [breach, changed(recovery, time=breach["time"])],
        "published after": [changed(breach, appKey="z"), breach],
    }
    for sentence, alerts in broken.items():
        assert any(sentence in violation for violation in violations(alerts)), sentence
