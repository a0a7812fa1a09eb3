"""What a good file means: every form OpenSLO allows, and the defaults."""

from fractions import Fraction
from pathlib import Path

import pytest

from streams.evaluation.objective import Objective, Silence
from streams.objectives import load_objectives
from tests.model.build import DEFAULTS

MINUTE = 60_000
HOUR = 60 * MINUTE
WEBHOOK = "webhook-delivery-success-rate"


def load(directory: Path, text: str) -> tuple[Objective, ...]:
    file = directory / "objectives.yaml"
    file.write_text(text, encoding="utf-8")
    return load_objectives(file)


def slo(
    policies: str = "[one]", name: str = "slo", metric: str = WEBHOOK, target: str = "target: 0.99", **fields: str
) -> str:
    more = "".join(f"\n  {field}: {value}" for field, value in fields.items())
    return f"""---
apiVersion: openslo/v1
kind: SLO
metadata: {{name: {name}}}
spec:
  service: marketplace-apps
  indicatorRef: {metric}
  timeWindow: [{{duration: 28d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{{target}}}]
  alertPolicies: {policies}{more}
"""


def policy(
    name: str = "one", condition: str = "lookbackWindow: 15m", threshold: str = "1", annotations: str = ""
) -> str:
    return f"""---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {{name: {name}, annotations: {{{annotations}}}}}
spec:
  alertWhenBreaching: true
  alertWhenResolved: true
  conditions:
    - kind: AlertCondition
      metadata: {{name: below-objective}}
      spec: {{severity: page, condition: {{threshold: {threshold}, {condition}}}}}
"""


def test_shipped_objectives_are_those_of_the_programme() -> None:
    assert load_objectives() == tuple(DEFAULTS.values())


def test_every_annotation_and_alert_after_are_read(tmp_path: Path) -> None:
    text = slo() + policy(
        condition="kind: burnrate, op: gte, lookbackWindow: 1h, alertAfter: 5m",
        threshold="13.44",
        annotations='slo-streams/hop: 2m, slo-streams/minimum-events: "20", slo-streams/recover-after: 10m, '
        "slo-streams/silence: hold, openslo.com/owner: team",
    )
    assert load(tmp_path, text) == (
        Objective(
            name="one",
            metric=WEBHOOK,
            window_ms=HOUR,
            hop_ms=2 * MINUTE,
            budget=Fraction(1344, 10_000),
            breach_at_budget=True,
            minimum_events=20,
            alert_after_ms=5 * MINUTE,
            recover_after_ms=10 * MINUTE,
            silence=Silence.HOLD,
            service="marketplace-apps",
        ),
    )


@pytest.mark.parametrize(
    ("target", "threshold", "budget"),
    [
        ("target: 0.999", "1", Fraction(1, 1000)),
        ("targetPercent: 99.9", "1", Fraction(1, 1000)),
        ('targetPercent: "99.9"', "1", Fraction(1, 1000)),
        ("target: 0.99", "0.933", Fraction(933, 100_000)),
        ("target: 0.999999999999999999", "1", Fraction(1, 10**18)),
        ("target: 1", "1", Fraction(0)),
        ("targetPercent: 100", "1", Fraction(0)),
    ],
)
def test_budget_is_exact_to_the_digit_written(tmp_path: Path, target: str, threshold: str, budget: Fraction) -> None:
    (objective,) = load(tmp_path, slo(target=target) + policy(threshold=threshold))
    assert objective.budget == budget


@pytest.mark.parametrize(
    ("window", "hop_ms"),
    [("6h", MINUTE), ("365m", 5 * MINUTE), ("24h", 5 * MINUTE), ("1d", 5 * MINUTE), ("1w", 5 * MINUTE)],
)
def test_default_hop_follows_the_window(tmp_path: Path, window: str, hop_ms: int) -> None:
    (objective,) = load(tmp_path, slo() + policy(condition=f"lookbackWindow: {window}"))
    assert objective.hop_ms == hop_ms


def test_window_may_have_up_to_20_000_panes(tmp_path: Path) -> None:
    (objective,) = load(tmp_path, slo() + policy(condition="lookbackWindow: 20000s", annotations="slo-streams/hop: 1s"))
    assert objective.window_ms // objective.hop_ms == 20_000


@pytest.mark.parametrize(
    ("metric", "annotations", "silence"),
    [
        ("app-availability", "", Silence.HOLD),
        ("app-availability", "slo-streams/silence: recover", Silence.RECOVER),
        (WEBHOOK, "", Silence.RECOVER),
    ],
)
def test_only_silence_of_health_checks_holds_by_default(
    tmp_path: Path, metric: str, annotations: str, silence: Silence
) -> None:
    (objective,) = load(tmp_path, slo(metric=metric) + policy(annotations=annotations))
    assert objective.silence is silence


def test_policies_by_name_by_reference_and_inline(tmp_path: Path) -> None:
    inline = """
    - by-name
    - alertPolicyRef: by-reference
    - kind: AlertPolicy
      metadata: {name: inline}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {name: below}
            spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 2, lookbackWindow: 30m}}"""
    objectives = load(tmp_path, slo(inline) + policy("by-name") + policy("by-reference"))
    assert [(objective.name, objective.budget) for objective in objectives] == [
        ("by-name", Fraction(1, 100)),
        ("by-reference", Fraction(1, 100)),
        ("inline", Fraction(2, 100)),
    ]


def test_several_slos_of_one_metric_and_a_condition_of_its_own_used_twice(tmp_path: Path) -> None:
    referring = """---
apiVersion: openslo.com/v1
kind: AlertPolicy
metadata: {{name: {name}}}
spec: {{alertWhenBreaching: true, alertWhenResolved: true, conditions: [{{conditionRef: below}}]}}
"""
    condition = """---
apiVersion: openslo.com/v1
kind: AlertCondition
metadata: {name: below}
spec: {severity: page, condition: {kind: burnrate, op: gt, threshold: 1, lookbackWindow: 15m, alertAfter: 0m}}
"""
    text = condition + slo("[strict]", "a", target="target: 0.999") + slo("[lax]", "b", target="target: 0.9")
    objectives = load(tmp_path, text + referring.format(name="strict") + referring.format(name="lax"))
    assert [(objective.name, objective.budget) for objective in objectives] == [
        ("strict", Fraction(1, 1000)),
        ("lax", Fraction(1, 10)),
    ]


def test_what_changes_no_meaning_is_accepted(tmp_path: Path) -> None:
    text = f"""# a comment first, and an empty document
---
---
apiVersion: openslo/v1
kind: SLO
metadata:
  name: slo
  displayName: Webhooks
  labels: {{team: [identity, rbac], tier: "1"}}
  annotations: {{openslo.com/dashboard: https://example.com, plain: x}}
spec:
  description: How well webhooks arrive.
  indicatorRef: {WEBHOOK}
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - displayName: Good deliveries
      target: 0.99
  alertPolicies: [one]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {{name: one, displayName: One, labels: {{a: b}}}}
spec:
  description: Pages the partner.
  alertWhenBreaching: true
  alertWhenResolved: true
  alertWhenNoData: false
  notificationTargets: [{{targetRef: on-call}}]
  conditions:
    - kind: AlertCondition
      metadata: {{name: below, displayName: Below}}
      spec: {{description: Too many failures., severity: page, condition: {{threshold: 1, lookbackWindow: 15m}}}}
---
"""
    assert load(tmp_path, text) == (Objective("one", WEBHOOK, 15 * MINUTE, MINUTE, Fraction(1, 100)),)
