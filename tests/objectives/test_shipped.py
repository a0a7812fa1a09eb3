"""The shipped files: what the programme asks for, and burn rates beside it."""

from fractions import Fraction

import pytest

from streams.evaluation.objective import Judge, Objective
from streams.objectives import read_objectives

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
TARGETS = {
    "app-availability": Fraction(999, 1000),
    "iframe-load-success-rate": Fraction(95, 100),
    "installation-callback-success-rate": Fraction(99, 100),
    "webhook-delivery-success-rate": Fraction(99, 100),
}
RULES = [  # share of the 28 days' budget, within, still in the last, severity, judged by
    (Fraction(2, 100), HOUR, 5 * MINUTE, "page", Judge.WORKER),
    (Fraction(5, 100), 6 * HOUR, 30 * MINUTE, "page", Judge.WORKER),
    (Fraction(10, 100), DAY, 2 * HOUR, "ticket", Judge.HISTORY),
    (Fraction(10, 100), 3 * DAY, 6 * HOUR, "ticket", Judge.HISTORY),
]


def rules_of(metric: str) -> list[Objective]:
    return [objective for objective in read_objectives("burn-rate").all if objective.metric == metric]


@pytest.mark.parametrize("metric", TARGETS)
def test_burn_rates_of_a_metric(metric: str) -> None:
    found = [(it.budget, it.window_ms, it.short_ms, it.severity, it.judge) for it in rules_of(metric)]
    assert found == [
        (share * Fraction(28 * DAY, window_ms) * (1 - TARGETS[metric]), window_ms, short_ms, severity, judge)
        for share, window_ms, short_ms, severity, judge in RULES
    ]
    hops = {it.hop_ms for it in rules_of(metric) if it.judge is Judge.WORKER}
    assert hops == {5 * MINUTE if metric.startswith("installation") else MINUTE}
    assert not any(it.breach_at_budget or it.alert_after_ms for it in rules_of(metric))


def test_both_files_go_together() -> None:
    both, default, burn_rate = (read_objectives(name) for name in ("default, burn-rate", "default", "burn-rate"))
    assert both.all == default.all + burn_rate.all
    assert both.service_levels == default.service_levels == burn_rate.service_levels
    assert {(level.metric, level.target, level.period_ms) for level in both.service_levels} == {
        (metric, target, 28 * DAY) for metric, target in TARGETS.items()
    }
    assert both.of(Judge.WORKER) + both.of(Judge.HISTORY)
    assert not both.unused


def test_alerts_of_a_rule_that_several_slos_share_say_which() -> None:
    assert [it.name for it in rules_of("webhook-delivery-success-rate")][:2] == [
        "webhook-delivery/burn-rate-1h",
        "webhook-delivery/burn-rate-6h",
    ]
