"""Alerts as lines: what an on-call engineer reads first."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from schemas import Alert
from streams.cli.shared.alert_line import print_alert
from tests.cli.alerts import BREACH, RECOVERY


def lines(document: dict[str, Any], width: int | None, **options: Any) -> list[str]:
    """The alert on a terminal of that width, or on a pipe."""
    written = StringIO()
    out = Console(file=written, width=width or 240, force_terminal=width is not None, color_system=None, markup=False)
    print_alert(out, Alert.model_validate(document), **options)
    return written.getvalue().splitlines()


def line(document: dict[str, Any], **options: Any) -> str:
    (only,) = lines(document, None, **options)
    return only


def test_a_narrow_terminal_breaks_it_between_its_fields() -> None:
    assert lines(BREACH, 80) == [
        "12:05:00Z  BREACH    com.acme.charts  Charts by Acme",
        "           Jira Webhook Delivery Success Rate  97.3 % < 99 %",
        "           (1,250 good, 35 bad in 15m)  incident FOotlQrY5ZQ",
    ]


def test_a_recovery_names_the_exclusion() -> None:
    excluded = RECOVERY | {"reason": "EXCLUDED"}
    assert "  what failed is left out by CHG-1, CHG-2: planned" in line(excluded, excluded_by=("CHG-1", "CHG-2"))


def test_a_breach_says_when_who_what_and_by_how_much() -> None:
    assert line(BREACH) == (
        "12:05:00Z  BREACH    com.acme.charts  Charts by Acme  Jira Webhook Delivery Success Rate  97.3 % < 99 %  "
        "(1,250 good, 35 bad in 15m)  incident FOotlQrY5ZQ"
    )


def test_an_app_that_the_catalogue_does_not_know_has_only_its_key() -> None:
    unknown = BREACH | {"appDetails": {"name": "com.acme.charts", "partnerName": None}}
    assert line(unknown).startswith("12:05:00Z  BREACH    com.acme.charts  Jira Webhook Delivery Success Rate")


def test_a_recovery_stands_below_its_breach() -> None:
    assert line(RECOVERY).startswith("12:05:00Z  RECOVERY  com.acme.charts")
    assert " 99.5 % >= 99 % " in line(RECOVERY)


def test_with_the_date_for_a_longer_past() -> None:
    assert line(BREACH, with_date=True).startswith("2022-03-24 12:05:00Z  BREACH")


@pytest.mark.parametrize(
    ("sli", "slo", "shown"),
    [
        (98.996, 99.0, "98.996 % < 99 %"),  # 99.0 % < 99 % would be nonsense
        (99.89999, 99.9, "99.89999 % < 99.9 %"),
        (0.0, 99.9, "0 % < 99.9 %"),
        (99.0, 99.0, "99 % <= 99 %"),  # an objective that is breached when only just met
    ],
)
def test_the_numbers_never_contradict_the_verdict(sli: float, slo: float, shown: str) -> None:
    assert f"  {shown}  (" in line(BREACH | {"sliValue": sli, "sloValue": slo})


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("NO_DATA", "no events in 24h"),
        ("EXCLUDED", "is left out: planned"),
        ("RETIRED", "retired: objective webhook-delivery-15m"),
    ],
)
def test_other_recoveries_say_why(reason: str, said: str) -> None:
    assert said in line(RECOVERY | {"reason": reason, "sliValue": None, "measurementDurationSeconds": 86_400})


def test_the_base_url_tells_two_regions_apart() -> None:
    alert = BREACH | {
        "metricId": "app-availability",
        "metricName": "App Availability",
        "scope": "https://eu.acme.example",
    }
    assert "  App Availability https://eu.acme.example  " in line(alert)


def test_a_name_cannot_move_the_cursor() -> None:
    assert "com.acme\\x1b[2J\\n" in line(BREACH | {"appKey": "com.acme\x1b[2J\n"})
