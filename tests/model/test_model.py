"""Tiny examples of the model, each to be checked by eye. Times are 2 March 2026, UTC; the lateness is 10 s."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from streams.evaluation.objective import Objective, Silence
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK
from tests.model import Judged, Record, judge
from tests.model.alert import incident_id
from tests.model.build import DAY_MS, DEFAULTS, MINUTE_MS, check, clock_ms, delivery, record, short

AVAILABILITY_15M = DEFAULTS["app-availability-15m"]
WEBHOOK_15M = DEFAULTS["webhook-delivery-15m"]
WEBHOOK_1M = Objective("webhook-1m", WEBHOOK.id, window_ms=MINUTE_MS, hop_ms=MINUTE_MS, budget=Fraction(1, 2))


def run(log: Sequence[Record], *objectives: Objective, until: str | None = None) -> Judged:
    until_ms = clock_ms(until) if until is not None else None
    return judge(log, objectives, lateness_ms=10_000, partitions=1, until_ms=until_ms)


# --- the share ---


def test_one_failed_check_breaches_until_it_has_left_the_window() -> None:
    log = [check(f"12:{minute:02}", 500 if minute == 5 else 200) for minute in range(30)]
    assert short(run(log, AVAILABILITY_15M).all_alerts) == [
        ("12:06", "BELOW_OBJECTIVE", 5, 1),  # 12:00 .. 12:05
        ("12:21", "RESTORED", 15, 0),  # 12:06 .. 12:20
    ]


def thousand(bad: int, good: int) -> list[Record]:
    return [check("12:00", 500)] * bad + [check("12:00:30")] * good


def test_999_of_1000_meets_three_nines() -> None:
    assert run(thousand(bad=1, good=999), AVAILABILITY_15M, until="12:15").all_alerts == []


def test_998_of_999_does_not() -> None:
    alerts = run(thousand(bad=1, good=998), AVAILABILITY_15M, until="12:15").all_alerts
    assert short(alerts) == [("12:01", "BELOW_OBJECTIVE", 998, 1)]


def test_999_of_1000_is_below_when_spending_the_budget_is() -> None:
    objective = replace(AVAILABILITY_15M, breach_at_budget=True)
    alerts = run(thousand(bad=1, good=999), objective, until="12:15").all_alerts
    assert short(alerts) == [("12:01", "BELOW_OBJECTIVE", 999, 1)]


def test_a_day_is_judged_every_five_minutes() -> None:
    callbacks = [record(INSTALLATION.id, "12:02", statusCode=500)] * 4 + [record(INSTALLATION.id, "12:02")] * 6
    alerts = run(callbacks, DEFAULTS["installation-callback-24h"], until="+2d 00:00").all_alerts
    assert short(alerts) == [("12:05", "BELOW_OBJECTIVE", 6, 4), ("12:05", "NO_DATA", 0, 0)]
    assert [alert["time"] for alert in alerts] == ["2026-03-02T12:05:00Z", "2026-03-03T12:05:00Z"]


def test_app_events_replace_host_events_until_they_have_left_the_window() -> None:
    def host_failure(at: str) -> Record:
        return record(IFRAME.id, at, bridgeInMillis=None)

    log = [
        *[host_failure("12:00")] * 3,
        record(IFRAME.id, "12:01", source="APP", status="SUCCESS"),
        *[host_failure("12:10")] * 2,
    ]
    assert short(run(log, DEFAULTS["iframe-load-15m"], until="12:30").all_alerts) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 3),  # host events alone
        ("12:02", "RESTORED", 1, 0),  # the app event alone
        ("12:17", "BELOW_OBJECTIVE", 0, 2),  # 12:02 .. 12:17 holds the host events of 12:10 alone
        ("12:26", "NO_DATA", 0, 0),
    ]


# --- silence, minimum events ---


def test_silence_recovers() -> None:
    log = [delivery("12:00", 500)]
    assert short(run(log, WEBHOOK_15M, until="13:00").all_alerts) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 1),
        ("12:16", "NO_DATA", 0, 0),
    ]


def test_silence_holds() -> None:
    log = [check("12:00", 500), check("13:00")]
    assert short(run(log, AVAILABILITY_15M, until="14:00").all_alerts) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 1),
        ("13:01", "RESTORED", 1, 0),
    ]


def test_too_few_events_are_not_judged_and_change_nothing() -> None:
    log = [delivery("12:00", 500), delivery("12:01", 500), delivery("12:02", 500), delivery("12:20"), delivery("12:21")]
    assert short(run(log, replace(WEBHOOK_15M, minimum_events=3), until="13:00").all_alerts) == [
        ("12:03", "BELOW_OBJECTIVE", 0, 3),
        ("12:18", "NO_DATA", 0, 0),  # 12:03 .. 12:18; at 12:16 and 12:17 one or two were left
    ]


# --- alertAfter, recoverAfter: windows of one minute, one or more deliveries in each ---


def minutes(pattern: str) -> list[Record]:
    """From 12:00, a character a minute: `x` failed, `o` delivered, `.` nothing; `X` and `O` two of them."""
    statuses = {"x": [500], "X": [500, 500], "o": [204], "O": [204, 204], ".": []}
    return [delivery(f"12:{minute:02}", status) for minute, what in enumerate(pattern) for status in statuses[what]]


@pytest.mark.parametrize(
    ("pattern", "objective", "expected"),
    [
        ("xxxo", replace(WEBHOOK_1M, alert_after_ms=2 * MINUTE_MS), ["12:03 BELOW_OBJECTIVE", "12:04 RESTORED"]),
        ("xxxxxo", replace(WEBHOOK_1M, alert_after_ms=5 * MINUTE_MS), []),  # five boundaries span four minutes
        ("xxxxxxo", replace(WEBHOOK_1M, alert_after_ms=5 * MINUTE_MS), ["12:06 BELOW_OBJECTIVE", "12:07 RESTORED"]),
        ("xxoxxxo", replace(WEBHOOK_1M, alert_after_ms=2 * MINUTE_MS), ["12:06 BELOW_OBJECTIVE", "12:07 RESTORED"]),
        ("xx.xxxo", replace(WEBHOOK_1M, alert_after_ms=2 * MINUTE_MS), ["12:06 BELOW_OBJECTIVE", "12:07 RESTORED"]),
        (
            "XXoXO",
            replace(WEBHOOK_1M, alert_after_ms=2 * MINUTE_MS, minimum_events=2),
            ["12:04 BELOW_OBJECTIVE", "12:05 RESTORED"],
        ),
        ("xoo", replace(WEBHOOK_1M, recover_after_ms=MINUTE_MS), ["12:01 BELOW_OBJECTIVE", "12:03 RESTORED"]),
        ("xoxoo", replace(WEBHOOK_1M, recover_after_ms=MINUTE_MS), ["12:01 BELOW_OBJECTIVE", "12:05 RESTORED"]),
        (
            "xo.oo",
            replace(WEBHOOK_1M, recover_after_ms=MINUTE_MS, silence=Silence.HOLD),
            ["12:01 BELOW_OBJECTIVE", "12:05 RESTORED"],
        ),
        (
            "XOxO",
            replace(WEBHOOK_1M, recover_after_ms=MINUTE_MS, minimum_events=2),
            ["12:01 BELOW_OBJECTIVE", "12:04 RESTORED"],
        ),
        ("xo.", replace(WEBHOOK_1M, recover_after_ms=MINUTE_MS), ["12:01 BELOW_OBJECTIVE", "12:03 NO_DATA"]),
        (
            "xxooxo",  # one bad minute after the incident is not two
            replace(WEBHOOK_1M, alert_after_ms=MINUTE_MS, recover_after_ms=MINUTE_MS),
            ["12:02 BELOW_OBJECTIVE", "12:04 RESTORED"],
        ),
    ],
)
def test_boundaries_in_a_row(pattern: str, objective: Objective, expected: list[str]) -> None:
    alerts = run(minutes(pattern), objective, until=f"12:{len(pattern):02}").all_alerts
    assert [f"{at} {reason}" for at, reason, _, _ in short(alerts)] == expected


def test_breached_at_is_the_boundary_that_completed_the_row() -> None:
    (breach,) = run(minutes("xxx"), replace(WEBHOOK_1M, alert_after_ms=2 * MINUTE_MS), until="12:03").all_alerts
    assert breach["breachedAt"] == breach["time"] == "2026-03-02T12:03:00Z"


# --- edges of time ---


@pytest.mark.parametrize(("at", "judged_at"), [("12:00:59.999", "12:01"), ("12:01:00", "12:02")])
def test_an_event_at_a_boundary_belongs_to_the_next_window(at: str, judged_at: str) -> None:
    alerts = run([delivery(at, 500)], WEBHOOK_1M, until=judged_at).all_alerts
    assert short(alerts) == [(judged_at, "BELOW_OBJECTIVE", 0, 1)]


@pytest.mark.parametrize(("watermark", "judged"), [("12:01:09.999", False), ("12:01:10", True)])
def test_a_boundary_is_judged_once_the_watermark_is_the_lateness_past_it(watermark: str, judged: bool) -> None:
    assert bool(run([delivery("12:00", 500), delivery(watermark)], WEBHOOK_1M).all_alerts) is judged


def test_the_watermark_follows_the_earlier_of_event_time_and_kafka_timestamp() -> None:
    log = [delivery("12:00", 500), delivery("12:02", arrives="12:01:09.999")]
    assert run(log, WEBHOOK_1M).all_alerts == []
    assert short(run([*log, delivery("12:02", arrives="12:01:10")], WEBHOOK_1M).all_alerts) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 1)
    ]


def test_the_watermark_follows_events_that_are_not_counted() -> None:
    log = [delivery("12:00", 500), delivery("12:00", 500, group="DFR"), delivery("12:05", group="DFR")]
    assert short(run(log, WEBHOOK_15M).all_alerts) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]


def test_a_late_event_counts_in_every_boundary_not_yet_judged() -> None:
    log = [delivery("12:00"), delivery("12:05:10"), delivery("12:00:30", 500)]
    assert short(run(log, WEBHOOK_15M, until="12:06").all_alerts) == [("12:06", "BELOW_OBJECTIVE", 2, 1)]


def test_the_first_record_leaves_everything_before_it_judged() -> None:
    log = [delivery("12:05"), delivery("12:00", 500)]  # judged through 12:04:50
    assert short(run(log, WEBHOOK_15M, until="12:05").all_alerts) == [("12:05", "BELOW_OBJECTIVE", 0, 1)]


@pytest.mark.parametrize(
    ("watermark", "event", "reasons"),
    [
        ("12:30:10", "12:16", []),  # 12:30 is judged; 12:31 will look back to 12:16
        ("12:30:10", "12:15:59.999", ["too_late"]),
        ("12:30:09.999", "12:15", []),  # 12:30 is not judged yet
        ("12:30:09.999", "12:14:59.999", ["too_late"]),
    ],
)
def test_too_late_is_what_no_boundary_to_come_looks_back_to(watermark: str, event: str, reasons: list[str]) -> None:
    judged = run([check(watermark), check(event)], AVAILABILITY_15M)
    assert judged.rejected == [("slo.healthcheck.v1", 0, 1, reason) for reason in reasons]


def test_the_longest_window_of_the_metric_decides_what_is_too_late() -> None:
    day = replace(WEBHOOK_15M, name="webhook-24h", window_ms=DAY_MS, hop_ms=5 * MINUTE_MS)
    log = [delivery("+1d 12:01:10"), delivery("12:02"), delivery("12:01:59.999")]  # the next boundary is 12:02
    assert run(log, WEBHOOK_15M, day).rejected == [("slo.webhook.v1", 0, 2, "too_late")]


def test_a_rejected_record_does_not_move_the_watermark() -> None:
    log = [delivery("12:00", 500), delivery("12:02", arrives="12:00:59.999")]
    judged = run(log, WEBHOOK_1M)
    assert (judged.all_alerts, judged.rejected) == ([], [("slo.webhook.v1", 0, 1, "future_time")])


@pytest.mark.parametrize(
    ("event", "arrives", "reasons"),
    [("12:01", "12:00", []), ("12:01:00.001", "12:00", ["future_time"]), ("18:00", None, [])],
)
def test_a_minute_ahead_of_kafka_is_still_believed(event: str, arrives: str | None, reasons: list[str]) -> None:
    assert [reason for *_, reason in run([check(event, arrives=arrives)], AVAILABILITY_15M).rejected] == reasons


def test_the_future_is_tested_before_lateness() -> None:
    log = [check("12:00"), check("11:00", arrives="10:00")]
    assert [reason for *_, reason in run(log, AVAILABILITY_15M).rejected] == ["future_time"]


def test_without_a_watermark_nothing_is_judged() -> None:
    log = [check("12:30", 500, arrives="12:00")]
    judged = run(log, AVAILABILITY_15M, until="13:00")
    assert (judged.all_alerts, [reason for *_, reason in judged.rejected]) == ([], ["future_time"])


def test_until_is_judged_too() -> None:
    assert run([delivery("12:00", 500)], WEBHOOK_1M, until="12:00:59.999").all_alerts == []
    assert len(run([delivery("12:00", 500)], WEBHOOK_1M, until="12:01").all_alerts) == 1


# --- what is published ---


def test_a_whole_breach_and_its_recovery() -> None:
    log = [
        *[record(INSTALLATION.id, "15:36", app="com.example.appkey", statusCode=None)] * 4,
        *[record(INSTALLATION.id, "15:36", app="com.example.appkey")] * 6,
    ]
    breach, recovery = run(log, DEFAULTS["installation-callback-24h"], until="+1d 15:40").all_alerts
    assert breach == {
        "type": "BREACH",
        "appKey": "com.example.appkey",
        "appDetails": {"name": "com.example.appkey", "partnerName": None},
        "incidentId": "GvFE16_ots0",
        "incidentStatus": "ANOMALOUS",
        "time": "2026-03-02T15:40:00Z",
        "metricName": "Jira Installation Callback Success Rate",
        "metricUnit": "PERCENT",
        "measurementDurationSeconds": 86_400,
        "sliValue": 60.0,
        "sloValue": 99.0,
        "metricId": "installation-callback-success-rate",
        "scope": "Jira",
        "objective": "installation-callback-24h",
        "goodCount": 6,
        "badCount": 4,
        "windowStart": "2026-03-01T15:40:00Z",
        "windowEnd": "2026-03-02T15:40:00Z",
        "reason": "BELOW_OBJECTIVE",
        "breachedAt": "2026-03-02T15:40:00Z",
        "severity": "page",
        "service": "marketplace-apps",
    }
    assert recovery == breach | {
        "type": "RECOVERY",
        "incidentStatus": "OK",
        "time": "2026-03-03T15:40:00Z",
        "sliValue": None,
        "goodCount": 0,
        "badCount": 0,
        "windowStart": "2026-03-02T15:40:00Z",
        "windowEnd": "2026-03-03T15:40:00Z",
        "reason": "NO_DATA",
    }


def test_an_incident_id_can_be_recomputed_with_a_shell() -> None:
    # printf '["é","app-availability","https://a","o",1772452800000]' | sha256sum
    # | head -c 16 | xxd -r -p | base64 | tr '+/' '-_' | tr -d =
    assert incident_id("é", AVAILABILITY.id, "https://a", "o", 1_772_452_800_000) == "WXIpdSEVuhQ"


def test_availability_is_named_without_its_url_and_the_others_by_product() -> None:
    log = [check("12:00", 500), delivery("12:00", 500, product="Confluence")]
    alerts = run(log, AVAILABILITY_15M, WEBHOOK_15M, until="12:01").all_alerts
    assert [(alert["metricName"], alert["scope"]) for alert in alerts] == [
        ("App Availability", "https://app.example.com"),
        ("Confluence Webhook Delivery Success Rate", "Confluence"),
    ]


def test_alerts_of_one_boundary_are_in_byte_order() -> None:
    other = replace(WEBHOOK_15M, name="Webhook-15m")
    apps = ["\U0001f4c8", "ｚ", "b", "B"]  # as UTF-16 the first would come before the second
    log = [delivery("12:00", 500, app=app, product=product) for app in apps for product in ("Jira", "Bamboo")]
    alerts = run(log, WEBHOOK_15M, other, until="12:01").all_alerts
    assert [(alert["appKey"], alert["scope"], alert["objective"]) for alert in alerts] == [
        (app, product, name)
        for app in ("B", "b", "ｚ", "\U0001f4c8")
        for product in ("Bamboo", "Jira")
        for name in ("Webhook-15m", "webhook-delivery-15m")
    ]


def test_boundaries_of_several_hops_are_judged_in_order_of_time() -> None:
    five = replace(WEBHOOK_15M, name="a-five", hop_ms=5 * MINUTE_MS)
    log = [delivery("12:00", 500, app="late.z"), delivery("12:03", 500, app="early.a")]
    alerts = run(log, WEBHOOK_15M, five, until="12:05").all_alerts
    assert [(alert["time"][11:16], alert["appKey"], alert["objective"]) for alert in alerts] == [
        ("12:01", "late.z", "webhook-delivery-15m"),
        ("12:04", "early.a", "webhook-delivery-15m"),
        ("12:05", "early.a", "a-five"),
        ("12:05", "late.z", "a-five"),
    ]


def test_series_are_judged_apart() -> None:
    log = [
        delivery("12:00", 500),
        *[delivery("12:00", product="Confluence")] * 200,
        *[delivery("12:00", app="b")] * 200,
    ]
    (alert,) = run(log, WEBHOOK_15M, until="12:01").all_alerts
    assert (alert["appKey"], alert["scope"], alert["badCount"]) == ("com.example.app", "Jira", 1)
