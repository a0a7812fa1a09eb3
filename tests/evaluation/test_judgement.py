"""The programme's four indicators, row by row: from the bytes of an event to what it says."""

from dataclasses import dataclass
from typing import Any

import pytest

from streams.evaluation.judgement import APP_BAD, APP_GOOD, BAD, GOOD, NOT_COUNTED, judge_synthetic_test
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, METRICS, WEBHOOK
from streams.windows.tumbling import TumblingCounts
from tests.build import admission, stored
from tests.model.build import defaults_of, record

Fields = dict[str, Any]
PLATFORM: Fields = {"faultOwner": "PLATFORM"}

CHECKS: list[tuple[Fields, int]] = [
    ({"statusCode": 200, "durationInMillis": 0}, GOOD),
    ({"statusCode": 200, "durationInMillis": 2_999}, GOOD),
    ({"statusCode": 200, "durationInMillis": 2999.999}, GOOD),
    ({"statusCode": 200, "durationInMillis": 3_000}, BAD),
    ({"statusCode": 200, "durationInMillis": 3000.0}, BAD),
    ({"statusCode": 200, "durationInMillis": None}, BAD),
    ({"statusCode": 201}, BAD),
    ({"statusCode": 204}, BAD),
    ({"statusCode": 301}, BAD),
    ({"statusCode": 404}, BAD),
    ({"statusCode": 503}, BAD),
    ({"statusCode": 0}, BAD),
    ({"statusCode": -200}, BAD),
    ({"statusCode": None, "durationInMillis": None, "error": "connection refused"}, BAD),
    ({"statusCode": 200, "error": "body cut short"}, GOOD),
]

HOST: list[tuple[Fields, int]] = [
    ({"bridgeInMillis": 0}, GOOD),
    ({"bridgeInMillis": 12_000}, GOOD),
    ({"bridgeInMillis": 12000.0}, GOOD),
    ({"bridgeInMillis": 12000.001}, BAD),
    ({"bridgeInMillis": 12_001}, BAD),
    ({"bridgeInMillis": None}, BAD),
    ({"bridgeInMillis": None, "status": "SUCCESS"}, BAD),
    ({"bridgeInMillis": 900, "status": "FAIL"}, GOOD),
]

APP: list[tuple[Fields, int]] = [
    ({"source": "APP", "status": "SUCCESS", "bridgeInMillis": None}, APP_GOOD),
    ({"source": "APP", "status": "SUCCESS", "bridgeInMillis": 99_999}, APP_GOOD),
    ({"source": "APP", "status": "FAIL"}, APP_BAD),
    ({"source": "APP", "status": None}, APP_BAD),
]

ANSWERS: list[tuple[Fields, int]] = [
    ({"statusCode": 200}, GOOD),
    ({"statusCode": 204}, GOOD),
    ({"statusCode": 204, "durationInMillis": 99_999}, GOOD),
    ({"statusCode": 201}, BAD),
    ({"statusCode": 202}, BAD),
    ({"statusCode": 301}, BAD),
    ({"statusCode": 500}, BAD),
    ({"statusCode": None, "error": "no such host"}, BAD),
    ({"statusCode": None, "error": "TLS handshake failed"}, BAD),
    ({"statusCode": 500, "faultOwner": "APP"}, BAD),
    ({"statusCode": 200, "faultOwner": "APP"}, GOOD),
    ({"statusCode": 500, **PLATFORM}, NOT_COUNTED),
    ({"statusCode": None, **PLATFORM}, NOT_COUNTED),
    ({"statusCode": 200, **PLATFORM}, NOT_COUNTED),
]

LIFECYCLES: list[tuple[Fields, int]] = [
    ({"lifecycle": lifecycle, "statusCode": status}, NOT_COUNTED)
    for lifecycle in ("uninstalled", "enabled", "disabled")
    for status in (200, 500)
]

ROWS = [
    *((AVAILABILITY.id, *row) for row in CHECKS),
    *((IFRAME.id, *row) for row in [*HOST, *APP]),
    *((INSTALLATION.id, *row) for row in [*ANSWERS, *LIFECYCLES]),
    *((WEBHOOK.id, *row) for row in ANSWERS),
]


OUTCOMES = {(1, 0, 0, 0): GOOD, (0, 1, 0, 0): BAD, (0, 0, 1, 0): APP_GOOD, (0, 0, 0, 1): APP_BAD}
"""By the good and bad ones of the host, then of the app."""


def outcome(metric_id: str, **fields: Any) -> int:
    """What one event adds where."""
    to = admission(METRICS[metric_id], *defaults_of(metric_id))
    to.admit(stored([record(metric_id, "12:00", **fields)]), clock_ms=None)
    assert to.rejected == []
    if to.not_counted:
        assert to.evaluator.series == {}
        return NOT_COUNTED
    (series,) = to.evaluator.series.values()
    by_host, by_app = series.by_host, series.by_app or TumblingCounts()
    return OUTCOMES[by_host.good, by_host.bad, by_app.good, by_app.bad]


@pytest.mark.parametrize(("metric_id", "fields", "expected"), ROWS, ids=str)
def test_row(metric_id: str, fields: Fields, expected: int) -> None:
    assert outcome(metric_id, **fields) == expected


@pytest.mark.parametrize(("metric_id", "fields", "expected"), ROWS, ids=str)
def test_only_the_production_group_counts(metric_id: str, fields: Fields, expected: int) -> None:
    assert outcome(metric_id, **fields, group="PROD") == expected
    assert outcome(metric_id, **fields, group=None) == expected
    for group in ("DFR", "prod", "PROD "):
        assert outcome(metric_id, **fields, group=group) == NOT_COUNTED


@dataclass
class OwnTest:
    status: str


@pytest.mark.parametrize(("status", "said"), [("SUCCESS", GOOD), ("FAILURE", BAD), ("success", BAD)])
def test_a_synthetic_test_is_good_where_it_says_so(status: str, said: int) -> None:
    assert judge_synthetic_test(OwnTest(status)) == said
