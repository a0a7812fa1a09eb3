"""Rules files: the shipped one, and what is wrong with others."""

from pathlib import Path

import pytest

from streams.rules import InvalidRulesError, ProgrammeRules, read_rules
from streams.standing.facts import DAY_MS, Rules


def test_the_shipped_file_says_what_holds_without_one() -> None:
    assert read_rules() == ProgrammeRules(Rules(), {})


def test_what_a_file_leaves_out_stays_as_shipped(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text('standing: {period: 14d}\ncommonCause:\n  regions:\n    "*.eu.example.com": eu-west-1\n')
    assert read_rules(file) == ProgrammeRules(Rules(period_ms=14 * DAY_MS), {"*.eu.example.com": "eu-west-1"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("standing:\n  remediationAt: 1", "2: standing.remediationAt: should be at least 2", id="too few"),
        pytest.param("standing:\n  period: 28", "2: standing.period: '28' is not a duration with its unit", id="unit"),
        pytest.param("standing:\n  period: 36h", "2: standing.period: should be whole days", id="half a day"),
        pytest.param("ladder: {}", "1: ladder: 'ladder' is no field of the rules", id="unknown"),
        pytest.param("standing: {}\n---\nstanding: {}", "is a second document", id="two"),
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
