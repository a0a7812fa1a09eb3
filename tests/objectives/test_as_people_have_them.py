"""OpenSLO files as they lie in other people's repositories: only the name of the metric is ours."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from streams.evaluation.objective import Judge
from streams.objectives import InvalidObjectivesError, Objectives, read_objectives

WEBHOOK = "webhook-delivery-success-rate"
DAY_MS = 86_400_000


def read(directory: Path, text: str | bytes) -> Objectives:
    file = directory / "objectives.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_objectives(file)


def said(objectives: Objectives) -> list[str]:
    """What is read and not used, without the file."""
    return [str(remark).partition("objectives.yaml:")[2] for remark in objectives.unused]


WHOLE = """\
apiVersion: openslo/v1
kind: Service
metadata: {name: orders, displayName: Orders, labels: {tier: [one, two]}}
spec: {description: Takes orders.}
---
apiVersion: openslo/v1
kind: DataSource
metadata: {name: metrics-store}
spec: {type: Prometheus, connectionDetails: {url: https://metrics.example.com, nested: {any: [thing, 1, null]}}}
---
apiVersion: openslo/v1
kind: SLI
metadata: {name: webhook-delivery-success-rate}
spec:
  ratioMetric:
    counter: true
    good: {metricSource: {metricSourceRef: metrics-store, spec: {query: 'sum(ok_total)'}}}
    total: {metricSource: {metricSourceRef: metrics-store, spec: {query: 'sum(all_total)'}}}
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata: {name: on-call}
spec: {target: slack, description: Whoever is on call.}
---
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: fast-burn}
spec:
  description: The budget goes twice as fast as it may.
  severity: sev2
  condition: {kind: burnrate, op: gt, threshold: 2, lookbackWindow: 1h, alertAfter: 5m}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: orders-page}
spec:
  description: Pages whoever is on call.
  alertWhenBreaching: True
  alertWhenResolved: TRUE
  alertWhenNoData: False
  conditions: [{conditionRef: fast-burn}]
  notificationTargets: [{targetRef: on-call}]
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: orders-hooks, displayName: Hooks of orders}
spec:
  description: Hooks arrive.
  service: orders
  indicatorRef: webhook-delivery-success-rate
  budgetingMethod: Occurrences
  objectives: [{displayName: Arrived, targetPercent: 98}]
  alertPolicies: [{alertPolicyRef: orders-page}]
"""


def test_a_whole_file_with_every_kind_of_object(tmp_path: Path) -> None:
    objectives = read(tmp_path, WHOLE)
    (objective,) = objectives.all
    assert (objective.name, objective.metric, objective.budget) == ("orders-page", WEBHOOK, Fraction(4, 100))
    assert (objective.severity, objective.service, objective.alert_after_ms) == ("sev2", "orders", 300_000)
    (level,) = objectives.service_levels
    assert (level.name, level.target, level.period_ms) == ("orders-hooks", Fraction(98, 100), 28 * DAY_MS)
    assert said(objectives) == [
        "1: Service 'orders' is read and not used: alerts have the name that an SLO gives as its service",
        "6: DataSource 'metrics-store' is read and not used: events come from Kafka",
        "11: SLI 'webhook-delivery-success-rate' is read and not used: events are judged by the rules of their metric",
        "20: AlertNotificationTarget 'on-call' is read and not used: who is told is set in the targets file",
        "42: spec.notificationTargets: are read and not used: who is told is set in the targets file",
    ]


def as_data(text: str) -> list[object]:
    return list(yaml.safe_load_all(text))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(as_data(WHOLE)),
        json.dumps(as_data(WHOLE), indent=2),
        json.dumps(as_data(WHOLE), indent="\t"),
        json.dumps(as_data(WHOLE), indent="\t").replace("\n", "\r\n"),
        "\n---\n".join(json.dumps(one, indent=4) for one in as_data(WHOLE)),
        "".join(f"-\t{json.dumps(one)}\t# one line\n" for one in as_data(WHOLE)),
        WHOLE.replace(": ", ":\t").replace("\n---\n", "\n\t\n---\t# next\n"),
        "\ufeff" + WHOLE,
        "\ufeff" + json.dumps(as_data(WHOLE), indent="\t"),
    ],
    ids=[
        "a JSON list",
        "indented",
        "by tabs",
        "on Windows",
        "JSON documents",
        "a YAML list with tabs",
        "YAML with tabs",
        "a byte order mark",
        "and JSON",
    ],
)
def test_the_same_however_it_is_written(tmp_path: Path, text: str) -> None:
    expected = read(tmp_path, WHOLE)
    found = read(tmp_path, text)
    assert (found.all, found.service_levels) == (expected.all, expected.service_levels)
    assert len(found.unused) == len(expected.unused)


@pytest.mark.parametrize("text", ["\tapiVersion: openslo/v1\n", "apiVersion: openslo/v1\nmetadata:\n\tname: x\n"])
def test_a_tab_indents_nothing_in_yaml(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidObjectivesError, match=r"cannot be read as YAML: found character '\\t'"):
        read(tmp_path, text)


def test_a_policy_that_several_slos_name_is_an_objective_of_each(tmp_path: Path) -> None:
    second = WHOLE[WHOLE.index("kind: SLO\n") :].replace("orders-hooks", "strict").replace("98", "99.9")
    objectives = read(tmp_path, f"{WHOLE}---\napiVersion: openslo/v1\n{second}")
    assert [(it.name, it.budget) for it in objectives.all] == [
        ("orders-hooks/orders-page", Fraction(4, 100)),
        ("strict/orders-page", Fraction(2, 1000)),
    ]


PLAIN = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: plain}
spec:
  service: shop
  indicatorRef: webhook-delivery-success-rate
  timeWindow: [{duration: 1w, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.98}]
"""


@pytest.mark.parametrize("ending", ["", "  alertPolicies:\n", "  alertPolicies: []\n"])
def test_an_slo_without_a_policy_is_a_promise_without_alerts(tmp_path: Path, ending: str) -> None:
    objectives = read(tmp_path, PLAIN + ending)
    assert objectives.all == ()
    assert [(it.name, it.period_ms) for it in objectives.service_levels] == [("plain", 7 * DAY_MS)]


def test_an_indicator_inside_an_slo_that_is_named_as_a_metric(tmp_path: Path) -> None:
    indicator = "indicator: {metadata: {name: app-availability}, spec: {ratioMetric: {counter: true}}}"
    objectives = read(tmp_path, PLAIN.replace(f"indicatorRef: {WEBHOOK}", indicator))
    assert [it.metric for it in objectives.service_levels] == ["app-availability"]


def test_without_a_method_and_a_window_events_count_over_four_weeks(tmp_path: Path) -> None:
    shortest = "".join(
        line for line in PLAIN.splitlines(True) if "budgetingMethod" not in line and "Window" not in line
    )
    (level,) = read(tmp_path, shortest).service_levels
    assert (level.target, level.period_ms) == (Fraction(98, 100), 28 * DAY_MS)


def test_an_emoji_as_json_escapes_it(tmp_path: Path) -> None:
    document = as_data(PLAIN.replace("name: plain", "name: plain, displayName: \U0001f6d2 Shop"))
    assert b"\\ud83d" in json.dumps(document).encode()
    assert read(tmp_path, json.dumps(document)).service_levels == read(tmp_path, PLAIN).service_levels


def test_what_nobody_names_is_told(tmp_path: Path) -> None:
    objectives = read(tmp_path, WHOLE[: WHOLE.index("---\napiVersion: openslo/v1\nkind: SLO")])
    assert objectives.all == ()
    assert "33: AlertPolicy 'orders-page' is read and not used: no SLO names it, so it never fires" in said(objectives)


CHANGES_THE_MEANING = {
    "time slices": ("budgetingMethod: Occurrences", "budgetingMethod: Timeslices", "spec.budgetingMethod"),
    "ratio of slices": ("budgetingMethod: Occurrences", "budgetingMethod: RatioTimeslices", "spec.budgetingMethod"),
    "a calendar": (
        "{duration: 1w, isRolling: true}",
        "{duration: 1w, isRolling: false, calendar: {startTime: 2022-01-01 12:00:00, timeZone: America/New_York}}",
        "spec.timeWindow[0].calendar",
    ),
    "months": ("duration: 1w", "duration: 1M", "spec.timeWindow[0].duration"),
    "a threshold metric": ("{target: 0.98}", "{op: lt, value: 500, target: 0.99}", "spec.objectives[0].op"),
    "a composite": ("{target: 0.98}", "{indicatorRef: x, target: 0.99}", "spec.objectives[0].indicatorRef"),
    "two targets": ("{target: 0.98}", "{target: 0.99}, {target: 0.9}", "spec.objectives"),
    "another indicator": (WEBHOOK, "checkout-latency", "spec.indicatorRef"),
    "an indicator inside": (
        f"indicatorRef: {WEBHOOK}",
        "indicator: {metadata: {name: checkout-latency}, spec: {thresholdMetric: {}}}",
        "spec.indicator.metadata.name",
    ),
}


@pytest.mark.parametrize(("old", "new", "field"), CHANGES_THE_MEANING.values(), ids=CHANGES_THE_MEANING)
def test_what_would_change_the_meaning_is_refused_where_it_stands(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    with pytest.raises(InvalidObjectivesError) as refusal:
        read(tmp_path, PLAIN.replace(old, new))
    assert field in [problem.field for problem in refusal.value.problems]
    assert all(problem.line for problem in refusal.value.problems)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("op: gt", "op: lte", "spec.condition.op"),
        ("alertWhenResolved: TRUE", "alertWhenResolved: False", "spec.alertWhenResolved"),
        ("alertWhenNoData: False", "alertWhenNoData: True", "spec.alertWhenNoData"),
        ("[{conditionRef: fast-burn}]", "[{operator: and, conditionRef: fast-burn}]", "spec.conditions[0].operator"),
    ],
)
def test_so_is_what_would_change_when_it_alerts(tmp_path: Path, old: str, new: str, field: str) -> None:
    with pytest.raises(InvalidObjectivesError) as refusal:
        read(tmp_path, WHOLE.replace(old, new))
    assert [problem.field for problem in refusal.value.problems] == [field]


def test_windows_of_days_are_left_to_history(tmp_path: Path) -> None:
    objectives = read(tmp_path, WHOLE.replace("lookbackWindow: 1h", "lookbackWindow: 3d"))
    assert [it.judge for it in objectives.all] == [Judge.HISTORY]


def slo(indicator: str, **spec: object) -> str:
    """As in OpenSLO's own examples: an indicator of its own inside, and comments behind the fields."""
    fields = "".join(f"  {name}: {json.dumps(value)} # As the service needs it.\n" for name, value in spec.items())
    return (
        "# An SLO of somebody's shop.\napiVersion: openslo/v1\nkind: SLO\n"
        "metadata:\n  name: shop-slo\n  displayName: Shop\n"
        f"spec:\n  description: It works.\n  service: web-shop\n{indicator}{fields}"
        "  alertPolicies: # You should have some in here.\n"
    )


SOURCE = "metricSource: {type: Any, spec: {query: Any}}"
THEIR_RATIO = (
    "  indicator:\n    metadata: {name: response-code, displayName: Codes}\n"
    f"    spec: {{ratioMetric: {{good: {{{SOURCE}}}, total: {{{SOURCE}}}}}}}\n"
)
OURS = f"  indicatorRef: {WEBHOOK}\n"
ROLLING = [{"duration": "2w", "isRolling": True}]
MONTHS = [{"duration": "1M", "calendar": {"startTime": "2020-01-21 12:30:00", "timeZone": "America/New_York"}}]
SLICED = {"timeSliceTarget": 0.95, "timeSliceWindow": "1m"}

# What the examples in the repository, its specification and its tests have, told by their fields: as it was at aa5cb78.
EXAMPLES: dict[str, tuple[dict[str, object], set[str]]] = {
    "the example of the specification": ({"objectives": [{"displayName": "All errors", "target": 0.98}]}, set()),
    "rolling, by occurrences": (
        {"timeWindow": ROLLING, "budgetingMethod": "Occurrences", "objectives": [{"targetPercent": 99.9}]},
        set(),
    ),
    "a threshold in occurrences": (
        {"timeWindow": ROLLING, "objectives": [{"op": "lt", "value": 500, "target": 0.99}]},
        {"spec.objectives[0].op", "spec.objectives[0].value"},
    ),
    "a ratio of slices": (
        {
            "timeWindow": ROLLING,
            "budgetingMethod": "RatioTimeslices",
            "objectives": [{"op": "gt", "timeSliceWindow": "1m", "target": 0.99}],
        },
        {"spec.budgetingMethod", "spec.objectives[0].op", "spec.objectives[0].timeSliceWindow"},
    ),
    "slices of calendar months, an objective and a contract": (
        {
            "timeWindow": [MONTHS[0] | {"isRolling": False}],
            "budgetingMethod": "Timeslices",
            "objectives": [{"target": 0.995, **SLICED}, {"target": 0.99, **SLICED}],
        },
        {
            "spec.timeWindow[0].duration",
            "spec.timeWindow[0].isRolling",
            "spec.timeWindow[0].calendar",
            "spec.budgetingMethod",
            "spec.objectives",
        },
    ),
    "slices of calendar weeks for little traffic": (
        {
            "timeWindow": [MONTHS[0] | {"duration": "1w", "isRolling": False}],
            "budgetingMethod": "Timeslices",
            "objectives": [{"op": "gt", "target": 0.9995, **SLICED}],
        },
        {
            "spec.timeWindow[0].isRolling",
            "spec.timeWindow[0].calendar",
            "spec.budgetingMethod",
            "spec.objectives[0].op",
            "spec.objectives[0].timeSliceTarget",
            "spec.objectives[0].timeSliceWindow",
        },
    ),
    "calendar months, rolling not said": (
        {"timeWindow": MONTHS, "objectives": [{"target": 0.98}]},
        {"spec.timeWindow[0].duration", "spec.timeWindow[0].isRolling", "spec.timeWindow[0].calendar"},
    ),
    "rolling months": (
        {"timeWindow": [{"duration": "1M", "isRolling": True}], "objectives": [{"target": 0.98}]},
        {"spec.timeWindow[0].duration"},
    ),
    "two objectives": ({"objectives": [{"target": 0.98}, {"targetPercent": 99.99}]}, {"spec.objectives"}),
    "a composite of weights": (
        {"objectives": [{"target": 0.98, "indicatorRef": "one", "compositeWeight": 2}]},
        {"spec.objectives[0].indicatorRef", "spec.objectives[0].compositeWeight"},
    ),
}


@pytest.mark.parametrize(("spec", "refused"), EXAMPLES.values(), ids=EXAMPLES)
def test_examples_of_openslo_load_with_our_metric_or_are_refused_for_what_they_mean(
    tmp_path: Path, spec: dict[str, object], refused: set[str]
) -> None:
    with pytest.raises(InvalidObjectivesError) as as_it_is:
        read(tmp_path, slo(THEIR_RATIO, **spec))
    assert {it.field for it in as_it_is.value.problems} == refused | {"spec.indicator.metadata.name"}
    if not refused:
        assert len(read(tmp_path, slo(OURS, **spec)).service_levels) == 1
        return
    with pytest.raises(InvalidObjectivesError) as with_ours:
        read(tmp_path, slo(OURS, **spec))
    assert {it.field for it in with_ours.value.problems} == refused


THEIR_POLICY = {
    "apiVersion": "openslo/v1",
    "kind": "AlertPolicy",
    "metadata": {"name": "shop-policy", "displayName": "Shop"},
    "spec": {
        "description": "Alerts of the shop.",
        "alertWhenBreaching": True,
        "alertWhenResolved": False,
        "conditions": [
            {
                "kind": "AlertCondition",
                "metadata": {"name": "cpu-usage-breach", "displayName": "CPU"},
                "spec": {
                    "description": "Burns twice as fast as it may.",
                    "severity": "page",
                    "condition": {
                        "kind": "burnrate",
                        "op": "lte",
                        "threshold": 2,
                        "lookbackWindow": "1h",
                        "alertAfter": "5m",
                    },
                },
            }
        ],
        "notificationTargets": [{"targetRef": "on-call-devops-mail-notification"}],
    },
}


def test_the_policy_of_the_specification_is_refused_for_when_it_would_alert(tmp_path: Path) -> None:
    named = slo(OURS, objectives=[{"target": 0.98}]).replace("alertPolicies:", "alertPolicies: [shop-policy]")
    with pytest.raises(InvalidObjectivesError) as refusal:
        read(tmp_path, f"{named}---\n{json.dumps(THEIR_POLICY)}")
    assert {it.field for it in refusal.value.problems} == {
        "spec.alertWhenResolved",
        "spec.conditions[0].spec.condition.op",
    }
    said_right = json.dumps(THEIR_POLICY).replace('"lte"', '"gt"').replace("false", "true")
    (objective,) = read(tmp_path, f"{named}---\n{said_right}").all
    assert (objective.window_ms, objective.alert_after_ms) == (3_600_000, 300_000)
    assert objective.budget == Fraction(4, 100)
