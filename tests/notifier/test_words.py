"""The words of notifications: nothing reads as met that is not, no line is too long, and no name of others acts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.notifier.words import HEADLINE_LENGTH, compared, facts, headline, span
from tests.notifier.alerts import BREACH, RECOVERY, digest, reminder, standing, told


def test_the_line_of_each_kind() -> None:
    assert headline(told()) == "[BREACH] Charts: Jira Webhook Delivery Success Rate 98.7 % < 99 %"
    assert headline(told(RECOVERY)) == (
        "[RECOVERY] Charts: Jira Webhook Delivery Success Rate 99.4 % >= 99 % (after 42 min)"
    )
    assert headline(reminder(2)) == "[STILL OPEN 2 d] Charts: Jira Webhook Delivery Success Rate 98.7 % < 99 %"
    assert headline(digest(BREACH, {**BREACH, "appKey": "b"}, RECOVERY)) == "[DIGEST] 2 breaches, 1 recovery, 2 apps"
    assert headline(standing()) == "[STANDING] Charts is in remediation"


@pytest.mark.parametrize(
    ("reason", "said"),
    [("NO_DATA", "no events any more"), ("EXCLUDED", "does not count"), ("RETIRED", "no longer watched")],
)
def test_a_recovery_that_is_none_of_the_app_says_so(reason: str, said: str) -> None:
    line = headline(told(RECOVERY, reason=reason, sliValue=None))
    assert line.endswith(f" {said} (after 42 min)")


@pytest.mark.parametrize(
    ("sli", "slo", "is_breach", "said"),
    [
        (98.96, 99.0, True, "98.96 % < 99 %"),
        (98.7, 99.0, True, "98.7 % < 99 %"),
        (99.89999999, 99.9, True, "99.89999999 % < 99.9 %"),
        (0.0, 99.0, True, "0 % < 99 %"),
        (99.0, 99.0, True, "99 % <= 99 %"),
        (99.9996, 99.9, False, "99.9996 % >= 99.9 %"),
        (100.0, 99.9, False, "100 % >= 99.9 %"),
        (66.66666666666667, 99.0, True, "66.7 % < 99 %"),
        (None, 99.0, False, "no events, objective 99 %"),
    ],
)
def test_figures(sli: float | None, slo: float, is_breach: bool, said: str) -> None:
    assert compared(sli, slo, is_breach=is_breach) == said


@given(st.floats(0, 100), st.sampled_from([99.9, 99.0, 95.0, 100.0, 98.56, -44.0]))
def test_no_figure_reads_other_than_it_is(sli: float, slo: float) -> None:
    is_breach = sli < slo
    shown, sign, *_ = compared(sli, slo, is_breach=is_breach).replace(" %", "").split(" ")
    assert sign == ("<" if is_breach else ">=")
    assert (Decimal(shown) < Decimal(repr(slo))) == is_breach
    assert (Decimal(shown) < 100) == (sli < 100)


@given(st.text(max_size=300), st.text(max_size=300))
def test_names_of_others_neither_break_the_line_nor_push_its_figures_out(app: str, metric: str) -> None:
    line = headline(told(appDetails={"name": app, "partnerName": None}, metricName=metric))
    assert len(line) <= HEADLINE_LENGTH
    assert line.isprintable()
    assert line.startswith("[BREACH] ")
    assert line.endswith(" 98.7 % < 99 %")


def test_facts_have_the_names_of_the_alert() -> None:
    said = facts(BREACH)
    assert said["appName"] == "Charts"
    assert said["incidentId"] == "fNrYLMgXlmU"
    assert list(said)[:2] == ["type", "appKey"]
    assert facts(standing().data) == {"stage": "REMEDIATION"}


@pytest.mark.parametrize(
    ("ms", "said"),
    [(59_999, "less than 1 min"), (2_520_000, "42 min"), (7_500_000, "2 h 5 min"), (3 * 86_400_000, "3 d")],
)
def test_spans(ms: int, said: str) -> None:
    assert span(ms) == said
