"""Rules files: the shipped one, and what is wrong with others."""

from pathlib import Path

import pytest

from streams.common_cause.numbers import MINUTE_MS, Numbers
from streams.rules import InvalidRulesError, ProgrammeRules, read_rules
from streams.severity.severity import (
    HOUR_MS,
    TABLES,
    Impact,
    Kind,
    Level,
    ResponseTargets,
    Severity,
    Tier,
    votes_on,
)
from streams.standing.facts import DAY_MS, Rules


def test_the_shipped_file_says_what_holds_without_one() -> None:
    assert read_rules() == ProgrammeRules(Rules(), TABLES, Numbers(), {})


def test_what_a_file_leaves_out_stays_as_shipped(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text('standing: {period: 14d}\ncommonCause:\n  regions:\n    "*.eu.example.com": eu-west-1\n')
    assert read_rules(file) == ProgrammeRules(Rules(period_ms=14 * DAY_MS), regions={"*.eu.example.com": "eu-west-1"})


def test_tables_of_severity_and_numbers_of_common_cause(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("""\
severity:
  users: [10, 100, 1000]
  byNumbers:
    MINOR: [none, none, SEV3, SEV3]
  byCapability:
    C3: {OUTAGE: [SEV3, SEV3, SEV2], DEGRADATION: [none, SEV3, SEV3]}
responseTargets: {investigation: 10m}
commonCause: {window: 10m, fewestApps: 5}
""")
    found = read_rules(file)
    assert found.common_cause == Numbers(window_ms=10 * MINUTE_MS, fewest_apps=5)
    assert found.severity.targets == ResponseTargets(investigation_ms=10 * MINUTE_MS)
    tables = found.severity
    assert votes_on(Impact(Level.MAJOR, users=100), tables).severity is Severity.SEV2
    assert votes_on(Impact(Level.MINOR, users=10), tables).severity is None
    assert votes_on(Impact(Level.MAJOR, apps=3), tables).severity is Severity.SEV3  # as shipped
    assert votes_on(Impact(tier=Tier.C3), tables).severity is None
    assert votes_on(Impact(kind=Kind.OUTAGE, tier=Tier.C3, duration_ms=6 * HOUR_MS), tables).severity is Severity.SEV2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("standing:\n  remediationAt: 1", "2: standing.remediationAt: should be at least 2", id="too few"),
        pytest.param("standing:\n  period: 28", "2: standing.period: '28' is not a duration with its unit", id="unit"),
        pytest.param("standing:\n  period: 36h", "2: standing.period: should be whole days", id="half a day"),
        pytest.param("ladder: {}", "1: ladder: 'ladder' is no field of the rules", id="unknown"),
        pytest.param("standing: {}\n---\nstanding: {}", "is a second document", id="two"),
        pytest.param("severity: {users: [3, 2, 4]}", "1: severity.users: each should be more than the one", id="edges"),
        pytest.param("severity:\n  apps: [3, 11]", "2: severity.apps", id="two edges"),
        pytest.param(
            "severity:\n  byNumbers:\n    MAJOR: [none, SEV2, SEV3, SEV1]",
            "3: severity.byNumbers.MAJOR: severity falls from one column to the next",
            id="falling",
        ),
        pytest.param(
            "severity:\n  byNumbers:\n    MAJOR: [none, SEV4, SEV3, SEV1]", "is none of none, SEV1", id="no severity"
        ),
        pytest.param(
            "severity:\n  byNumbers:\n    MINOR: [SEV3, SEV3, SEV1, SEV1]",
            "severity.byNumbers.MAJOR: is less severe than MINOR",
            id="minor above major",
        ),
        pytest.param(
            "severity:\n  byCapability:\n    C2: {OUTAGE: [SEV1, SEV1, SEV1], DEGRADATION: [SEV3, SEV3, SEV3]}",
            "severity.byCapability.C1.OUTAGE: is less severe than that of C2",
            id="a lower tier above a higher one",
        ),
        pytest.param(
            "severity:\n  byCapability:\n    C3: {OUTAGE: [none, none, none], DEGRADATION: [SEV3, SEV3, SEV3]}",
            "severity.byCapability.C3.OUTAGE: is less severe than DEGRADATION",
            id="degradation above outage",
        ),
        pytest.param("commonCause:\n  window: 7m", "2: commonCause.window: should be minutes that divide", id="window"),
        pytest.param("commonCause:\n  learntAfter: 30d", "2: commonCause.learntAfter: should be whole", id="days"),
        pytest.param("responseTargets:\n  update: 60", "2: responseTargets.update", id="target"),
        pytest.param("", "is empty; write at least one section", id="empty"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(text)
    with pytest.raises(InvalidRulesError) as problem:
        read_rules(file)
    assert said in str(problem.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRulesError, match="cannot be read"):
        read_rules(tmp_path / "none.yaml")
