"""Every refusal says the line, the field and the reason, and one mistake is one problem."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from streams.objectives import InvalidObjectivesError, load_objectives, read_objectives

GOOD = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: webhook-delivery
spec:
  service: marketplace-apps
  indicatorRef: webhook-delivery-success-rate
  timeWindow: [{duration: 28d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.99}]
  alertPolicies: [webhook-15m]
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata:
  name: webhook-15m
  annotations: {slo-streams/hop: 60s}
spec:
  alertWhenBreaching: true
  alertWhenResolved: true
  conditions:
    - conditionRef: below
---
apiVersion: openslo/v1
kind: AlertCondition
metadata:
  name: below
spec:
  severity: page
  condition:
    kind: burnrate
    op: gt
    threshold: 1
    lookbackWindow: 15m
    alertAfter: 0m
"""
ANNOTATION = "metadata.annotations.slo-streams"


def refused(file: Path, raw: bytes) -> InvalidObjectivesError:
    file.write_bytes(raw)
    with pytest.raises(InvalidObjectivesError) as raised:
        load_objectives(file)
    return raised.value


def attempt(file: Path) -> tuple[Objective, ...] | InvalidObjectivesError:
    try:
        return load_objectives(file)
    except InvalidObjectivesError as error:
        return error


def with_line(number: int, text: str) -> bytes:
    lines = GOOD.splitlines()
    lines[number - 1] = text
    return "\n".join(lines).encode()


def test_the_file_the_mistakes_are_put_into_is_good(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    assert [objective.name for objective in load_objectives(tmp_path / "good.yaml")] == ["webhook-15m"]


@pytest.mark.parametrize(
    ("replaced", "text", "line", "field", "reason"),
    [
        # any object
        (1, "apiVersion: openslo/v2alpha", 1, "apiVersion", "'openslo/v1' or 'openslo.com/v1', not 'openslo/v2alpha'"),
        (1, "apiVersion:", 1, "apiVersion", "is required; write openslo/v1"),
        (1, "apiVersion: openslo/v1\n<<: {a: b}", 2, "<<", "is not a field that is supported here"),
        (1, "apiVersion: openslo/v1\n<ref>: 1", 1, "", "is not a field that is supported here"),
        (1, "# no version", 2, "apiVersion", "is required; write openslo/v1"),
        (14, "kind: Policy", 14, "kind", "should be a kind of OpenSLO v1 (SLO, AlertPolicy, AlertCondition, Service, "),
        (14, "kind: SLA", 14, "kind", "not 'SLA'"),
        (4, "  displayName: no name", 3, "metadata.name", "is required"),
        (4, "  name: webhook delivery", 4, "metadata.name", "is not a name"),
        (
            4,
            '  name: x\n  annotations: {slo-streams/budget-levels: "50,101"}',
            5,
            f"{ANNOTATION}/budget-levels",
            "has a level that is not between 1 and 100",
        ),
        (
            4,
            "  name: x\n  annotations: {slo-streams/budget-levels: half}",
            5,
            f"{ANNOTATION}/budget-levels",
            "is not a list of percents",
        ),
        (4, "  {name: x, colour: red}", 4, "metadata.colour", "correct its spelling or remove it"),
        (4, "  name: x\n  labels: [a]", 5, "metadata.labels", "should be a mapping"),
        (
            4,
            "  name: x\n  annotations: {slo-streams/hop: 60s}",
            5,
            f"{ANNOTATION}/hop",
            "is no annotation of this object",
        ),
        (27, "  name: below\n  annotations: {slo-streams/hop: 60s}", 28, f"{ANNOTATION}/hop", "is no annotation"),
        # SLO
        (6, "  indicator: {}", 6, "spec.indicator.metadata", "is required"),
        (
            6,
            "  indicator: {metadata: {name: mine}}",
            6,
            "spec.indicator.metadata.name",
            "'mine' is not a metric; choose",
        ),
        (6, "  indicator: {metadata: {name: app-availability}}", 5, "spec", "needs either indicatorRef, the id of"),
        (7, "  description: no metric", 5, "spec", "needs either indicatorRef, the id of a metric, or an indicator"),
        (
            7,
            "  indicatorRef: webhooks",
            7,
            "spec.indicatorRef",
            "'webhooks' is not a metric; choose app-availability, ",
        ),
        (8, "  timeWindow: []", 8, "spec.timeWindow", "should have an entry"),
        (8, "  timeWindow: 28d", 8, "spec.timeWindow", "should be a list"),
        (8, "  timeWindow: [{duration: 1x, isRolling: true}]", 8, "spec.timeWindow[0].duration", "is not a duration"),
        (
            8,
            "  timeWindow: [{duration: 1M, isRolling: true}]",
            8,
            "spec.timeWindow[0].duration",
            "of fixed length; write",
        ),
        (8, "  timeWindow: [{duration: 28d}]", 8, "spec.timeWindow[0].isRolling", "is required"),
        (8, "  timeWindow: [{duration: 28d, isRolling: false}]", 8, "spec.timeWindow[0].isRolling", "only rolling"),
        (
            8,
            "  timeWindow: [{duration: 28d, isRolling: yes}]",
            8,
            "spec.timeWindow[0].isRolling",
            "true or false, not 'yes'",
        ),
        (
            8,
            "  timeWindow:\n    - duration: 28d\n      isRolling: true\n      calendar: {timeZone: UTC}",
            11,
            "spec.timeWindow[0].calendar",
            "a calendar-aligned time window is not supported",
        ),
        (9, "  budgetingMethod: Timeslices", 9, "spec.budgetingMethod", "should be 'Occurrences', not 'Timeslices'"),
        (
            10,
            "  objectives: [{target: 0.99}, {target: 0.9}]",
            10,
            "spec.objectives",
            "should have exactly 1 entry, not 2",
        ),
        (10, "  objectives: [{displayName: x}]", 10, "spec.objectives[0]", "needs either target or targetPercent"),
        (10, "  objectives: [{target: 1, targetPercent: 100}]", 10, "spec.objectives[0]", "needs either"),
        (10, "  objectives: [{target: 0}]", 10, "spec.objectives[0].target", "should be greater than 0"),
        (10, "  objectives: [{target: 1.01}]", 10, "spec.objectives[0].target", "should be at most 1"),
        (10, "  objectives: [{target: 99%}]", 10, "spec.objectives[0].target", "'99%' is not a plain decimal number"),
        (10, "  objectives: [{target: 1e-1}]", 10, "spec.objectives[0].target", "is not a plain decimal number"),
        (10, "  objectives: [{target: .nan}]", 10, "spec.objectives[0].target", "is not a plain decimal number"),
        (10, "  objectives: [{target: [1]}]", 10, "spec.objectives[0].target", "is not a plain decimal number"),
        (10, "  objectives: [{targetPercent: 101}]", 10, "spec.objectives[0].targetPercent", "should be at most 100"),
        (
            10,
            "  objectives: [{target: 0.9, op: lt}]",
            10,
            "spec.objectives[0].op",
            "a threshold metric is not supported",
        ),
        (
            10,
            "  objectives: [{target: 0.9, indicatorRef: x}]",
            10,
            "spec.objectives[0].indicatorRef",
            "a composite SLO",
        ),
        (
            10,
            "  objectives: [{target: 0.9, timeSliceWindow: 1m}]",
            10,
            "spec.objectives[0].timeSliceWindow",
            "time slices",
        ),
        (
            11,
            "  alertPolicies: [webhook-15m, webhook-1h]",
            11,
            "spec.alertPolicies[1]",
            "no AlertPolicy is named 'webhook-1h'",
        ),
        (
            11,
            "  alertPolicies: [webhook-15m, webhook-15m]",
            11,
            "spec.alertPolicies[1]",
            "names AlertPolicy 'webhook-15m' twice",
        ),
        (
            11,
            "  alertPolicies:\n    - webhook-15m\n    - alertPolicyRef: x",
            13,
            "spec.alertPolicies[1].alertPolicyRef",
            "no AlertPolicy is named 'x'",
        ),
        # AlertPolicy
        (
            17,
            "  annotations: {slo-streams/hopp: 60s}",
            17,
            f"{ANNOTATION}/hopp",
            "an AlertPolicy can have hop, minimum-events, recover-after, silence, hold-for, ",
        ),
        (
            17,
            "  annotations: {slo-streams/hop: 500ms}",
            17,
            f"{ANNOTATION}/hop",
            "a whole number of seconds, at least 1s",
        ),
        (17, "  annotations: {slo-streams/hop: 0s}", 17, f"{ANNOTATION}/hop", "a whole number of seconds, at least 1s"),
        (17, "  annotations: {slo-streams/hop: 60}", 17, f"{ANNOTATION}/hop", "is not a duration with its unit"),
        (17, "  annotations: {slo-streams/minimum-events: 0}", 17, f"{ANNOTATION}/minimum-events", "at least 1"),
        (17, "  annotations: {slo-streams/minimum-events: few}", 17, f"{ANNOTATION}/minimum-events", "not 'few'"),
        (17, "  annotations: {slo-streams/minimum-events: 1_0}", 17, f"{ANNOTATION}/minimum-events", "not '1_0'"),
        (
            17,
            "  annotations: {slo-streams/recover-after: soon}",
            17,
            f"{ANNOTATION}/recover-after",
            "is not a duration",
        ),
        (
            17,
            "  annotations: {slo-streams/silence: page}",
            17,
            f"{ANNOTATION}/silence",
            "'recover' or 'hold', not 'page'",
        ),
        (17, "  annotations: {slo-streams/hold-for: 0s}", 17, f"{ANNOTATION}/hold-for", "should be longer than 0"),
        (17, "  annotations: {slo-streams/judged-by: me}", 17, f"{ANNOTATION}/judged-by", "'worker' or 'history', not"),
        (
            17,
            "  annotations: {slo-streams/short-window: 90s}",
            17,
            f"{ANNOTATION}/short-window",
            "a multiple of the hop",
        ),
        (
            17,
            "  annotations: {slo-streams/short-window: 15m}",
            17,
            f"{ANNOTATION}/short-window",
            "should be shorter than",
        ),
        (17, "  annotations: {slo-streams/budget-share: 2%}", 17, f"{ANNOTATION}/budget-share", "instead of threshold"),
        (17, "  annotations: {slo-streams/budget-share: 2}", 17, f"{ANNOTATION}/budget-share", "is not a percentage"),
        (17, "  annotations: {slo-streams/budget-share: 0%}", 17, f"{ANNOTATION}/budget-share", "is not a percentage"),
        (
            17,
            "  annotations: {slo-streams/judged-by: history, slo-streams/hop: 90s}",
            17,
            f"{ANNOTATION}/hop",
            "should be whole minutes: history",
        ),
        (19, "  alertWhenBreaching: false", 19, "spec.alertWhenBreaching", "false is not supported"),
        (20, "  alertWhenResolved: false", 20, "spec.alertWhenResolved", "false is not supported"),
        (20, "  alertWhenNoData: true", 20, "spec.alertWhenNoData", "see the annotation slo-streams/silence"),
        (
            22,
            "    - conditionRef: below\n    - conditionRef: above",
            21,
            "spec.conditions",
            "should have exactly 1 entry, not 2",
        ),
        # AlertCondition
        (31, "    kind: anomaly", 31, "spec.condition.kind", "should be 'burnrate', not 'anomaly'"),
        (32, "    op: lt", 32, "spec.condition.op", "should be 'gt' or 'gte', not 'lt'"),
        (32, "    op: lte", 32, "spec.condition.op", "should be 'gt' or 'gte', not 'lte'"),
        (33, "    threshold: 0", 33, "spec.condition.threshold", "should be greater than 0"),
        (33, "    threshold: -1", 33, "spec.condition.threshold", "is not a plain decimal number"),
        (33, "    threshold: 1_0", 33, "spec.condition.threshold", "is not a plain decimal number"),
        (
            33,
            "    threshold: 100",
            33,
            "spec.condition.threshold",
            "allows every event to fail, so it would never fire",
        ),
        (33, "    # no threshold", 30, "spec.condition.threshold", "or the annotation slo-streams/budget-share of the"),
        (34, "    # no window", 30, "spec.condition.lookbackWindow", "is required"),
        (34, "    lookbackWindow: 0m", 34, "spec.condition.lookbackWindow", "should be longer than 0"),
        (34, "    lookbackWindow: 15", 34, "spec.condition.lookbackWindow", "'15' is not a duration with its unit"),
        (34, "    lookbackWindow: 90s", 34, "spec.condition.lookbackWindow", "should be a multiple of the hop (60s; "),
        (34, "    lookbackWindow: 52w", 34, "spec.condition.lookbackWindow", "524,160 times the hop"),
        (34, "    lookbackWindow: 20001m", 34, "spec.condition.lookbackWindow", "at most 20,000 are supported"),
        (35, "    alertAfter: later", 35, "spec.condition.alertAfter", "is not a duration"),
        # YAML
        (33, "    threshold: 1\n    threshold: 2", 34, "spec.condition.threshold", "is given twice; keep one"),
        (29, "  severity: !secret page", 29, "spec.severity", "the YAML tag '!secret' is not supported"),
        (29, '  "\\e[31m\\n": page', 29, r"spec.'\x1b[31m\n'", "correct its spelling or remove it"),
        (29, "  ? [severity]\n  : page", 29, "spec", "a field name must be plain text"),
        (28, "spec: [", 30, "", "cannot be read as YAML: "),
        (29, "\tseverity: page", 29, "", "cannot be read as YAML: found character '\\t'"),
        (27, "  name: *below", 27, "", "aliases (*name) are not supported"),
        (29, "  severity: " + "[" * 40 + "]" * 40, 29, "", "nested deeper than 30 levels"),
        (29, "  severity: \x07", 29, "", "the character U+0007 is not allowed"),
        (35, "    alertAfter: 0m\n---\n- 1", 37, "", "should be an OpenSLO object with apiVersion, kind"),
    ],
)
def test_one_mistake_is_one_problem_with_its_line_and_field(
    tmp_path: Path, replaced: int, text: str, line: int, field: str, reason: str
) -> None:
    file = tmp_path / "objectives.yaml"
    error = refused(file, with_line(replaced, text))
    assert [(problem.line, problem.field) for problem in error.problems] == [(line, field)], str(error)
    assert reason in str(error)
    assert str(error).startswith(f"{file}:{line}: {field}: " if field else f"{file}:{line}: ")


@pytest.mark.parametrize(
    ("conditions", "line", "field"),
    [
        ("    []", 21, "spec.conditions"),
        ("    - kind: AlertPolicy\n      metadata: {name: x}\n      spec:", 22, "spec.conditions[0].kind"),
        (
            "    - kind: AlertCondition\n      metadata: {name: x}\n      spec: {condition: {op: lt}}",
            24,
            "spec.conditions[0].spec.condition.op",
        ),
        ("    - below", 22, "spec.conditions[0]"),
    ],
)
def test_a_policy_has_one_condition_in_a_known_form(tmp_path: Path, conditions: str, line: int, field: str) -> None:
    without_condition_document = with_line(22, conditions).decode().rsplit("---\n", 1)[0]
    error = refused(tmp_path / "condition.yaml", without_condition_document.encode())
    assert (line, field) in [(problem.line, problem.field) for problem in error.problems], str(error)
    assert {problem.line for problem in error.problems} <= set(range(21, 25)), "and nothing that only follows from it"


def test_every_problem_of_a_file_is_named_in_its_order(tmp_path: Path) -> None:
    raw = (
        with_line(9, "  budgetingMethod: Timeslices")
        .replace(b"slo-streams/hop: 60s", b"slo-streams/silence: x")
        .replace(b"threshold: 1", b"threshold: x")
    )
    assert [(problem.line, problem.field) for problem in refused(tmp_path / "three.yaml", raw).problems] == [
        (9, "spec.budgetingMethod"),
        (17, "metadata.annotations.slo-streams/silence"),
        (33, "spec.condition.threshold"),
    ]


def test_gte_without_a_budget_would_always_be_breached(tmp_path: Path) -> None:
    raw = with_line(10, "  objectives: [{target: 1}]").replace(b"op: gt", b"op: gte")
    error = refused(tmp_path / "always.yaml", raw)
    assert [(problem.line, problem.field) for problem in error.problems] == [(32, "spec.condition.op")]
    assert "would always be breached; use gt" in str(error)


def test_a_share_of_the_budget_that_no_window_can_use_never_fires(tmp_path: Path) -> None:
    raw = with_line(33, "    # by share").replace(b"slo-streams/hop: 60s", b"slo-streams/budget-share: 100%")
    raw = raw.replace(b"target: 0.99", b"target: 0.9")
    error = refused(tmp_path / "never.yaml", raw)
    assert [(problem.line, problem.field) for problem in error.problems] == [(17, f"{ANNOTATION}/budget-share")]
    assert "allows every event to fail" in str(error)


def test_a_policy_is_not_called_as_a_budget_level_of_its_slo(tmp_path: Path) -> None:
    named = GOOD.replace("webhook-15m", "budget-75")
    levels = "  name: webhook-delivery\n  annotations: {slo-streams/budget-levels: "
    (tmp_path / "50.yaml").write_text(
        named.replace("  name: webhook-delivery\n", f'{levels}"50"}}\n'), encoding="utf-8"
    )
    assert load_objectives(tmp_path / "50.yaml")
    error = refused(tmp_path / "75.yaml", named.replace("  name: webhook-delivery\n", f'{levels}"75"}}\n').encode())
    assert [(problem.line, problem.field) for problem in error.problems] == [(12, "spec.alertPolicies[0]")]
    assert "is called as a budget level of SLO 'webhook-delivery'; rename it" in str(error)


def test_the_same_slo_in_two_files_promises_the_same(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(GOOD, encoding="utf-8")
    more = GOOD.replace("webhook-15m", "webhook-1h").replace("15m", "1h").replace("below", "below-1h")
    second.write_text(more, encoding="utf-8")
    both = read_objectives(f"{first},{second}")
    assert [objective.name for objective in both.all] == ["webhook-15m", "webhook-1h"]
    assert [level.name for level in both.service_levels] == ["webhook-delivery"]
    second.write_text(more.replace("0.99", "0.999"), encoding="utf-8")
    with pytest.raises(InvalidObjectivesError, match=r"second\.yaml:4: .* promises something else in .*first\.yaml"):
        read_objectives(f"{first},{second}")


def test_a_window_shorter_than_its_default_hop_says_how_to_set_the_hop(tmp_path: Path) -> None:
    raw = with_line(34, "    lookbackWindow: 30s").replace(b"slo-streams/hop: 60s", b"")
    error = refused(tmp_path / "short.yaml", raw)
    assert [(problem.line, problem.field) for problem in error.problems] == [(34, "spec.condition.lookbackWindow")]
    assert "the hop (60s, the default; annotation slo-streams/hop)" in str(error)


@pytest.mark.parametrize(
    ("added", "line", "field", "reason"),
    [
        (
            GOOD.split("---\n")[0].replace("[webhook-15m]", "[x]").replace("webhook-15m", "x"),
            40,
            "metadata.name",
            "another SLO",
        ),
        (GOOD.split("---\n")[1], 40, "metadata.name", "another AlertPolicy is named 'webhook-15m'"),
        (GOOD.split("---\n")[2], 40, "metadata.name", "another AlertCondition is named 'below'"),
        (
            GOOD.split("---\n")[1].replace("webhook-15m", "second").replace("below", "nowhere"),
            46,
            "spec.conditions[0].conditionRef",
            "no AlertCondition is named 'nowhere'",
        ),
    ],
)
def test_names_of_a_file_are_unique_and_lead_somewhere(
    tmp_path: Path, added: str, line: int, field: str, reason: str
) -> None:
    error = refused(tmp_path / "names.yaml", f"{GOOD}---\n{added}".encode())
    assert (line, field) in [(problem.line, problem.field) for problem in error.problems]
    assert reason in str(error)


INLINE_POLICY = """\
  alertPolicies:
    - kind: AlertPolicy
      metadata: {name: webhook-15m}
      spec:
        conditions:
          - kind: AlertCondition
            metadata: {name: inline}
            spec:
              condition: {threshold: 1, lookbackWindow: 15m}"""


def test_a_problem_of_an_inline_policy_stands_where_it_is_written(tmp_path: Path) -> None:
    raw = with_line(11, INLINE_POLICY.replace("15m}", "90s}", 2).replace("webhook-90s", "inline")).split(b"---\n")[0]
    error = refused(tmp_path / "inline.yaml", raw)
    assert [(problem.line, problem.field) for problem in error.problems] == [
        (19, "spec.alertPolicies[0].spec.conditions[0].spec.condition.lookbackWindow"),
    ]


def test_an_inline_policy_has_a_name_of_its_own(tmp_path: Path) -> None:
    error = refused(tmp_path / "twin.yaml", with_line(11, INLINE_POLICY))
    assert [(problem.line, problem.field) for problem in error.problems] == [
        (13, "spec.alertPolicies[0].metadata.name"),
    ]
    assert "another AlertPolicy is named 'webhook-15m'" in str(error)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(GOOD) - 1),
            st.sampled_from([*"{}[]:,-#&*!|>'\"%@`~?\t\n \x00", "<<: ", "---\n", "null", "1", "x"]),
        ),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_damaged_file_is_understood_or_refused(tmp_path: Path, damages: list[tuple[int, str]]) -> None:
    text = GOOD
    for at, damage in damages:
        text = text[:at] + damage + text[at + 1 :]
    file = tmp_path / "damaged.yaml"
    file.write_text(text, encoding="utf-8")
    outcome = attempt(file)
    if isinstance(outcome, InvalidObjectivesError):
        assert outcome.problems
        assert all(line.startswith(f"{file}:") for line in str(outcome).splitlines())
        assert all(problem.line <= text.count("\n") + 1 for problem in outcome.problems)
    else:
        assert [objective.metric for objective in outcome] == ["webhook-delivery-success-rate"]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", ":1: is empty; write at least one SLO and the AlertPolicy it names"),
        (b"# nothing yet\n---\n", ":1: is empty; "),
        (b"apiVersion: openslo/v1\nkind: \xff", ":2: is not UTF-8 text"),
        (b"#" * 1_000_001, ": is larger than 1,000,000 bytes"),
        (
            b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
            ":2: cannot be read as YAML: aliases (*name) are not supported",
        ),
    ],
    ids=["empty", "comment only", "not UTF-8", "too large", "alias bomb"],
)
def test_what_is_no_objectives_file_is_one_line(tmp_path: Path, raw: bytes, message: str) -> None:
    file = tmp_path / "objectives.yaml"
    error = str(refused(file, raw))
    assert error.startswith(f"{file}{message}")
    assert "\n" not in error


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidObjectivesError, match=r"missing\.yaml: cannot be read \(No such file or directory\)"):
        load_objectives(tmp_path / "missing.yaml")
    with pytest.raises(InvalidObjectivesError, match=r"cannot be read \(Is a directory\)"):
        load_objectives(tmp_path)
