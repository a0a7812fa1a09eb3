"""Alerts as consumers get them: field by field as published, and readable by the public schema."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from schemas.alert import Alert
from schemas.event_time import utc_text
from streams.evaluation.transition import AlertReason, Kind, Transition
from streams.names import METRICS, Topics
from streams.outlet.alert import alert_document, alert_records
from streams.reference.catalogue import AppDetails
from tests.model.build import DAY_MS, DEFAULTS, clock_ms

BREACHED_MS = 1_648_136_400_000  # 2022-03-24T15:40:00Z
BREACH = Transition(
    kind=Kind.BREACH,
    reason=AlertReason.BELOW_OBJECTIVE,
    app_key="com.example.appkey",
    scope="Jira",
    objective=DEFAULTS["installation-callback-24h"],
    boundary_ms=BREACHED_MS,
    breached_at_ms=BREACHED_MS,
    good=6,
    bad=4,
)
RECOVERY = replace(
    BREACH, kind=Kind.RECOVERY, reason=AlertReason.RESTORED, boundary_ms=BREACHED_MS + DAY_MS, good=100, bad=0
)
UNLISTED = AppDetails("com.example.appkey", None)
PUBLISHED: dict[str, Any] = {
    "type": "BREACH",
    "appKey": "com.example.appkey",
    "appDetails": {"name": "com.example.appkey", "partnerName": None},
    "incidentId": "fNrYLMgXlmU",
    "incidentStatus": "ANOMALOUS",
    "time": "2022-03-24T15:40:00Z",
    "metricName": "Jira Installation Callback Success Rate",
    "metricUnit": "PERCENT",
    "measurementDurationSeconds": 86400,
    "sliValue": 60.0,
    "sloValue": 99.0,
    "metricId": "installation-callback-success-rate",
    "scope": "Jira",
    "objective": "installation-callback-24h",
    "goodCount": 6,
    "badCount": 4,
    "windowStart": "2022-03-23T15:40:00Z",
    "windowEnd": "2022-03-24T15:40:00Z",
    "reason": "BELOW_OBJECTIVE",
    "breachedAt": "2022-03-24T15:40:00Z",
    "severity": "page",
    "service": "marketplace-apps",
}


def test_a_breach_field_by_field() -> None:
    document = alert_document(BREACH, UNLISTED)
    assert document == PUBLISHED
    assert list(document) == list(PUBLISHED)


def test_an_app_is_called_as_the_catalogue_calls_it() -> None:
    document = alert_document(BREACH, AppDetails("AppName", "Atlassian"))
    assert document == {**PUBLISHED, "appDetails": {"name": "AppName", "partnerName": "Atlassian"}}


def test_its_recovery_keeps_the_incident() -> None:
    changed = {name: value for name, value in alert_document(RECOVERY, UNLISTED).items() if value != PUBLISHED[name]}
    assert changed == {
        "type": "RECOVERY",
        "incidentStatus": "OK",
        "time": "2022-03-25T15:40:00Z",
        "sliValue": 100.0,
        "goodCount": 100,
        "badCount": 0,
        "windowStart": "2022-03-24T15:40:00Z",
        "windowEnd": "2022-03-25T15:40:00Z",
        "reason": "RESTORED",
    }


def test_without_data_there_is_no_share() -> None:
    document = alert_document(replace(RECOVERY, reason=AlertReason.NO_DATA, good=0), UNLISTED)
    assert (document["sliValue"], document["goodCount"], document["badCount"]) == (None, 0, 0)


@pytest.mark.parametrize("transition", [BREACH, RECOVERY, replace(RECOVERY, reason=AlertReason.NO_DATA, good=0)])
def test_the_public_schema_takes_what_is_published(transition: Transition) -> None:
    alerts, state = alert_records(transition, UNLISTED, Topics(), "canary")
    for record in (alerts, state):
        assert record.value is not None
        read = Alert.model_validate_json(record.value)
        assert read.model_dump(mode="json", by_alias=True) == alert_document(transition, UNLISTED)


def test_the_records_headers_and_keys() -> None:
    alerts, state = alert_records(RECOVERY, UNLISTED, Topics(), "canary")
    assert (alerts.topic, alerts.key) == ("slo.alerts.v1", b"com.example.appkey")
    assert dict(alerts.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"fNrYLMgXlmU-recovery",
        "ce_type": b"slo-streams.recovery.v1",
        "ce_source": b"slo-streams",
        "ce_time": b"2022-03-25T15:40:00Z",
        "ce_subject": b"com.example.appkey",
        "content-type": b"application/json",
        "application": b"canary",
    }
    assert state.headers == [("application", b"canary")]
    assert state.topic == "slo.alert-state.v1"
    assert orjson.loads(state.key or b"") == [
        "com.example.appkey",
        "installation-callback-success-rate",
        "Jira",
        "installation-callback-24h",
    ]
    assert b" " not in (state.key or b"")
    assert state.value == alerts.value
    assert alerts.partition_key == state.partition_key == b"com.example.appkey"


def test_a_breach_has_another_event_id_than_its_recovery() -> None:
    breach = dict(alert_records(BREACH, UNLISTED, Topics(), "canary")[0].headers)
    assert (breach["ce_id"], breach["ce_type"]) == (b"fNrYLMgXlmU-breach", b"slo-streams.breach.v1")


@pytest.mark.parametrize(
    ("objective", "scope", "name", "slo"),
    [
        ("app-availability-15m", "https://app.example.com", "App Availability", 99.9),
        ("iframe-load-15m", "Confluence", "Confluence Iframe Load Success Rate", 95.0),
        ("installation-callback-24h", "Jira", "Jira Installation Callback Success Rate", 99.0),
        ("webhook-delivery-15m", "{scope} {0}", "{scope} {0} Webhook Delivery Success Rate", 99.0),
    ],
)
def test_display_names_and_targets(objective: str, scope: str, name: str, slo: float) -> None:
    document = alert_document(replace(BREACH, objective=DEFAULTS[objective], scope=scope), UNLISTED)
    assert (document["metricName"], document["sloValue"]) == (name, slo)
    assert document["metricId"] in METRICS


@pytest.mark.parametrize(
    ("good", "bad", "sli"), [(999, 1, 99.9), (2, 1, 66.66666666666667), (1, 2, 33.333333333333336), (0, 5, 0.0)]
)
def test_the_share_is_the_nearest_double(good: int, bad: int, sli: float) -> None:
    assert alert_document(replace(BREACH, good=good, bad=bad), UNLISTED)["sliValue"] == sli


def test_times_are_utc_in_whole_seconds() -> None:
    assert utc_text(clock_ms("+1d 00:05")) == "2026-03-03T00:05:00Z"
    assert utc_text(4_133_980_799_999) == "2100-12-31T23:59:59Z"
