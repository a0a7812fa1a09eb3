"""Tiny examples of exclusions, each to be checked by eye. Times are 2 March 2026, UTC; the lateness is 10 s."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import orjson
import pytest

from streams.evaluation.objective import Objective
from streams.names import AVAILABILITY, IFRAME, WEBHOOK
from tests.model import Alert, Record, judge
from tests.model.build import DEFAULTS, MINUTE_MS, check, clock_ms, delivery, downtime, exclusion, record, withdrawn
from tests.model.build import short as in_short

AVAILABILITY_15M = DEFAULTS["app-availability-15m"]
WEBHOOK_15M = DEFAULTS["webhook-delivery-15m"]
IFRAME_15M = DEFAULTS["iframe-load-15m"]
WEBHOOK_1M = Objective("webhook-1m", WEBHOOK.id, window_ms=MINUTE_MS, hop_ms=MINUTE_MS, budget=Fraction(1, 2))

ONE_FAILED = [delivery(f"12:{minute:02}", 500 if minute == 5 else 204) for minute in range(30)]
"""A delivery every minute, of which that of 12:05 fails."""

PAGED = [("12:06", "BELOW_OBJECTIVE", 5, 1), ("12:21", "RESTORED", 15, 0)]
"""What comes of it when nothing is excluded."""


def alerts(log: Sequence[Record], *objectives: Objective) -> list[Alert]:
    return judge(log, objectives, lateness_ms=10_000, partitions=1, until_ms=clock_ms("13:00")).all_alerts


def short(log: Sequence[Record], *objectives: Objective) -> list[tuple[str, str, int, int]]:
    """What is paged until 12:30."""
    until_ms = clock_ms("12:30")
    return in_short(judge(log, objectives, lateness_ms=10_000, partitions=1, until_ms=until_ms).all_alerts)


def with_one_failed(*versions: Record) -> list[tuple[str, str, int, int]]:
    return short([*ONE_FAILED, *versions], WEBHOOK_15M)


def test_without_an_exclusion_it_pages() -> None:
    assert with_one_failed() == PAGED


# --- when a version counts ---


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("11:00", []), ("12:04:59.999", []), ("12:05", PAGED), ("12:05:00.001", PAGED), ("12:10", PAGED), (None, [])],
)
def test_planned_downtime_counts_only_if_announced_before_it_starts(
    sent: str | None, expected: list[tuple[str, str, int, int]]
) -> None:
    assert with_one_failed(downtime(sent, "12:05", "12:06")) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (None, []),
        ("12:00", []),
        ("12:06:10", []),  # 12:06 plus the lateness
        ("12:06:10.001", [PAGED[0], ("12:07", "EXCLUDED", 6, 0)]),  # 12:00 .. 12:04, 12:06
        ("12:10:10", [PAGED[0], ("12:10", "EXCLUDED", 9, 0)]),
        ("12:20:10", [PAGED[0], ("12:20", "EXCLUDED", 14, 0)]),  # 12:05 .. 12:19 without 12:05
        ("12:20:10.001", PAGED),  # at 12:21 there is nothing left to annul
    ],
)
def test_a_platform_fault_counts_also_afterwards_from_the_boundary_that_knows_of_it(
    sent: str | None, expected: list[tuple[str, str, int, int]]
) -> None:
    assert with_one_failed(exclusion(sent, "12:05", "12:06")) == expected


@pytest.mark.parametrize("place", [0, 7, 30])
def test_where_in_the_log_it_lies_makes_no_difference(place: int) -> None:
    log = [*ONE_FAILED]
    log.insert(place, exclusion("12:06:10.001", "12:05", "12:06"))
    assert short(log, WEBHOOK_15M) == [PAGED[0], ("12:07", "EXCLUDED", 6, 0)]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        pytest.param(
            [downtime("11:00", "12:05", "12:06"), downtime("12:03", "12:04", "12:06")], [], id="another start, in time"
        ),
        pytest.param(
            [downtime("11:00", "12:05", "12:06"), downtime("12:04", "12:04", "12:06")],
            PAGED,
            id="another start needs another notice",
        ),
        pytest.param(
            [downtime("11:00", "12:04", "12:05"), downtime("12:05:30", "12:04", "12:06")],
            [],
            id="another end keeps the notice",
        ),
        pytest.param(
            [downtime("11:00", "12:00", "12:10"), downtime("12:05", "12:00", "12:05")],
            [("12:06", "BELOW_OBJECTIVE", 0, 1), ("12:21", "RESTORED", 15, 0)],
            id="over before its time",
        ),
        pytest.param(
            [
                downtime("11:00", "12:05", "12:06"),
                downtime("11:30", "12:25", "12:26"),
                downtime("12:05", "12:05", "12:06"),
            ],
            PAGED,
            id="moved away and back without a new notice",
        ),
        pytest.param(
            [exclusion("11:00", "12:05", "12:06"), downtime("12:05:30", "12:05", "12:06")],
            [],
            id="the version that set the start may have given another reason",
        ),
        pytest.param([exclusion("11:00", "12:05", "12:06"), withdrawn("12:06:10")], PAGED, id="withdrawn"),
        pytest.param(
            [exclusion("11:00", "12:05", "12:06"), withdrawn("12:07:10.001")],
            [("12:08", "BELOW_OBJECTIVE", 7, 1), ("12:21", "RESTORED", 15, 0)],
            id="withdrawn after two boundaries",
        ),
        pytest.param(
            [downtime("11:00", "12:05", "12:06"), withdrawn("11:30"), downtime("12:05:30", "12:05", "12:06")],
            PAGED,
            id="withdrawn, and announced again too late",
        ),
        pytest.param(
            [downtime("11:00", "12:05", "12:06"), withdrawn("12:40"), downtime("12:05:30", "12:05", "12:06")],
            [],
            id="what is not known yet breaks no notice",
        ),
        pytest.param(
            [exclusion("12:04", "12:50", "12:55"), exclusion("11:00", "12:05", "12:06")],
            [],
            id="the later in the log is the newer, whatever their timestamps",
        ),
        pytest.param(
            [exclusion("11:00", "12:05", "12:06"), exclusion("11:00", "12:50", "12:55")],
            PAGED,
            id="a version replaces the one before",
        ),
        pytest.param(
            [exclusion("11:00", "12:05", "12:06"), exclusion("12:40", "12:50", "12:55")],
            [],
            id="but not before it is known",
        ),
        pytest.param(
            [downtime("11:00", "12:05", "12:06"), downtime("12:30", "12:50", "12:55", key="e-2")],
            [],
            id="each id on its own",
        ),
        pytest.param([withdrawn("11:00")], PAGED, id="withdrawn before it was there"),
    ],
)
def test_versions(versions: list[Record], expected: list[tuple[str, str, int, int]]) -> None:
    assert with_one_failed(*versions) == expected


def test_an_open_end_excludes_until_an_end_is_known() -> None:
    log = [*ONE_FAILED[:9], delivery("12:08", 500), *ONE_FAILED[9:]]
    log += [exclusion("12:05", "12:05", None), exclusion("12:10:10", "12:05", "12:06")]
    assert short(log, WEBHOOK_15M) == [
        ("12:10", "BELOW_OBJECTIVE", 9, 1),  # 12:00 .. 12:09 without 12:05, and the second one of 12:08
        ("12:24", "RESTORED", 15, 0),
    ]


# --- what it holds for ---


@pytest.mark.parametrize(
    ("start", "end", "is_excluded"),
    [  # the failure lies in the pane from 12:05 to 12:06
        ("12:04", "12:05", False),
        ("12:04", "12:05:00.001", True),
        ("12:05:59.999", "12:07", True),
        ("12:06", "12:07", False),
        ("12:05:30", "12:05:30.001", True),
        ("12:05:30", "12:05:30", False),
        ("12:05", "12:05", False),
        ("12:05", None, True),
        ("11:00", None, True),
        ("12:06", None, False),
    ],
)
def test_every_pane_that_it_intersects_is_excluded(start: str, end: str | None, is_excluded: bool) -> None:
    assert (with_one_failed(exclusion(None, start, end)) == []) is is_excluded


def test_the_panes_are_those_of_the_objective() -> None:
    five = replace(WEBHOOK_15M, name="five", hop_ms=5 * MINUTE_MS)
    log = [delivery("12:03", 500), exclusion(None, "12:01", "12:02")]
    assert [(alert["objective"], alert["time"][11:16]) for alert in alerts(log, WEBHOOK_15M, five)] == [
        ("webhook-delivery-15m", "12:04"),
        ("webhook-delivery-15m", "12:19"),
    ]
    assert len(alerts([log[0], exclusion(None, "12:05", "12:06")], five)) == 2


def test_exclusions_may_overlap() -> None:
    versions = [exclusion(None, "12:03", "12:06"), exclusion(None, "12:05", "12:08", key="e-2")]
    assert with_one_failed(*versions) == []
    assert with_one_failed(*versions, withdrawn("12:06")) == []
    assert with_one_failed(*versions, withdrawn("12:06"), withdrawn("12:06", key="e-2")) == PAGED


OF_THE_APP, OF_ANOTHER = {"appKey": "com.example.app"}, {"appKey": "com.example.other"}
OF_WEBHOOKS, OF_CHECKS = {"metricId": WEBHOOK.id}, {"metricId": AVAILABILITY.id}


@pytest.mark.parametrize(
    ("fields", "is_excluded"),
    [
        ({}, True),
        (OF_THE_APP, True),
        (OF_ANOTHER, False),
        (OF_WEBHOOKS, True),
        (OF_CHECKS, False),
        ({"metricId": "no-such-metric"}, False),
        (OF_THE_APP | OF_WEBHOOKS, True),
        (OF_THE_APP | OF_CHECKS, False),
        (OF_ANOTHER | OF_WEBHOOKS, False),
    ],
)
def test_of_which_app_and_metric(fields: dict[str, Any], is_excluded: bool) -> None:
    assert with_one_failed(exclusion(None, "12:05", "12:06", **fields)) == ([] if is_excluded else PAGED)


# --- what becomes of a standing breach ---


def test_a_breach_is_annulled_with_the_counts_after_exclusion() -> None:
    log = [*[delivery("12:00")] * 3, delivery("12:01", 500), exclusion("12:05", "12:01", "12:02")]
    breach, recovery = alerts(log, WEBHOOK_15M)
    assert recovery == breach | {
        "type": "RECOVERY",
        "incidentStatus": "OK",
        "time": "2026-03-02T12:05:00Z",
        "sliValue": 100.0,
        "goodCount": 3,
        "badCount": 0,
        "windowStart": "2026-03-02T11:50:00Z",
        "windowEnd": "2026-03-02T12:05:00Z",
        "reason": "EXCLUDED",
    }


def test_nothing_left_in_the_window_is_annulled_before_it_is_silence() -> None:
    log = [delivery("12:05", 500), exclusion("12:10", "12:05", "12:06")]
    _, recovery = found = alerts(log, WEBHOOK_15M)
    assert in_short(found) == [("12:06", "BELOW_OBJECTIVE", 0, 1), ("12:10", "EXCLUDED", 0, 0)]
    assert recovery["sliValue"] is None


def test_a_held_breach_is_annulled_too() -> None:
    log = [check("12:05", 500), exclusion("12:10", "12:05", "12:06")]
    assert short(log, AVAILABILITY_15M) == [("12:06", "BELOW_OBJECTIVE", 0, 1), ("12:10", "EXCLUDED", 0, 0)]


def test_once_its_window_is_empty_a_held_breach_stays_whatever_is_excluded() -> None:
    log = [check("12:05", 500), exclusion("12:20:10.001", "12:05", "12:06")]
    assert short(log, AVAILABILITY_15M) == [("12:06", "BELOW_OBJECTIVE", 0, 1)]


def test_a_window_that_the_exclusion_only_thins_out_goes_on() -> None:
    log = [delivery("12:00", 500), delivery("12:01", 500), exclusion("12:05", "12:00", "12:01")]
    assert short(log, WEBHOOK_15M) == [("12:01", "BELOW_OBJECTIVE", 0, 1), ("12:17", "NO_DATA", 0, 0)]


def test_excluded_panes_alone_are_silence_where_they_would_not_breach() -> None:
    log = [delivery("12:00", 500), *[delivery(f"12:{minute:02}") for minute in range(1, 30)]]
    assert short([*log, exclusion(None, "12:01", None)], WEBHOOK_15M) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 1),
        ("12:16", "NO_DATA", 0, 0),  # 12:01 .. 12:15 were all well
    ]


def test_failures_in_a_downtime_do_not_prolong_a_breach_of_before() -> None:
    log = [delivery("12:00", 500), *[delivery(f"12:{minute:02}", 500) for minute in range(10, 30)]]
    assert short([*log, downtime("11:00", "12:10", "12:30")], WEBHOOK_15M) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 1),
        ("12:16", "EXCLUDED", 0, 0),  # 12:01 .. 12:15 would breach by what is excluded alone
    ]


def test_an_annulment_does_not_wait_for_recover_after() -> None:
    log = [*ONE_FAILED, exclusion("12:10:10", "12:05", "12:06")]
    patient = replace(WEBHOOK_15M, recover_after_ms=4 * MINUTE_MS)
    assert short(log, patient) == [PAGED[0], ("12:10", "EXCLUDED", 9, 0)]


def test_fewer_than_the_minimum_left_annuls_or_is_not_judged() -> None:
    failures = [delivery("12:00", 500), delivery("12:01", 500), delivery("12:02", 500)]
    three = replace(WEBHOOK_15M, minimum_events=3)
    assert short([*failures, exclusion("12:04:10", "12:00", "12:01")], three) == [
        ("12:03", "BELOW_OBJECTIVE", 0, 3),
        ("12:04", "EXCLUDED", 0, 2),
    ]
    assert short([*failures, exclusion(None, "12:00", "12:01")], three) == []


def test_too_few_left_do_not_break_a_row() -> None:
    failures = [delivery(f"12:{minute:02}", 500) for minute in (0, 0, 1, 1, 1, 2, 2)]
    patient = replace(WEBHOOK_1M, alert_after_ms=MINUTE_MS, minimum_events=2)
    thinned = replace(patient, window_ms=2 * MINUTE_MS)
    assert short(failures, patient)[0] == ("12:02", "BELOW_OBJECTIVE", 0, 3)
    # 12:01: two. 12:02: two, as 12:01 is excluded. That makes a row of two.
    assert short([*failures, exclusion(None, "12:01", "12:02")], thinned)[0] == ("12:02", "BELOW_OBJECTIVE", 0, 2)
    # 12:01: two. 12:02: nothing, silence: the row begins anew with 12:03, and there is only that.
    assert short([*failures, exclusion(None, "12:01", "12:02")], patient) == []


def test_after_an_annulment_a_row_begins_anew() -> None:
    log = [delivery(f"12:{minute:02}", 500) for minute in range(6)]
    assert short([*log, exclusion("12:02", "12:02", "12:03")], replace(WEBHOOK_1M, alert_after_ms=MINUTE_MS))[:3] == [
        ("12:02", "BELOW_OBJECTIVE", 0, 1),
        ("12:03", "EXCLUDED", 0, 0),
        ("12:05", "BELOW_OBJECTIVE", 0, 1),
    ]


def test_an_annulment_forgets_a_recovery_half_done() -> None:
    log = [delivery(f"12:{minute:02}", 204 if minute == 2 else 500) for minute in range(7)]
    patient = replace(WEBHOOK_1M, alert_after_ms=MINUTE_MS, recover_after_ms=2 * MINUTE_MS)
    assert short([*log, exclusion(None, "12:03", "12:04")], patient)[:3] == [
        ("12:02", "BELOW_OBJECTIVE", 0, 1),
        ("12:04", "EXCLUDED", 0, 0),  # after one good minute of three
        ("12:06", "BELOW_OBJECTIVE", 0, 1),
    ]


# --- iframe preference ---


def host(at: str, bridge_ms: int | None) -> Record:
    return record(IFRAME.id, at, bridgeInMillis=bridge_ms)


def reported(at: str, status: str) -> Record:
    return record(IFRAME.id, at, source="APP", status=status)


def test_when_all_app_events_are_excluded_the_host_events_decide() -> None:
    log = [host("12:00", None), reported("12:01", "SUCCESS")]
    assert short(log, IFRAME_15M)[1] == ("12:02", "RESTORED", 1, 0)
    assert short([*log, exclusion(None, "12:01", "12:02")], IFRAME_15M) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 1),
        ("12:16", "NO_DATA", 0, 0),  # 12:01 .. 12:16 holds the app event alone
    ]


def test_a_breach_by_app_events_is_annulled_by_the_host_events_left() -> None:
    log = [reported("12:00", "FAIL"), host("12:01", 900), exclusion("12:05", "12:00", "12:01")]
    assert short(log, IFRAME_15M) == [("12:01", "BELOW_OBJECTIVE", 0, 1), ("12:05", "EXCLUDED", 1, 0)]


def test_without_the_exclusion_the_preference_is_that_of_the_whole_window() -> None:
    """The host's failures breach no more once the app has reported: its exclusion annuls nothing."""
    log = [host("12:00", None), host("12:02", None), reported("12:03", "SUCCESS")]
    log += [exclusion("12:04:10", "12:00", "12:04")]
    patient = replace(IFRAME_15M, recover_after_ms=9 * MINUTE_MS)
    assert short(log, patient) == [("12:01", "BELOW_OBJECTIVE", 0, 1), ("12:04", "NO_DATA", 0, 0)]


# --- what it does not do ---


def test_an_exclusion_alone_is_no_series_and_no_watermark() -> None:
    judged = judge([exclusion("12:00", "12:00", None)], [WEBHOOK_15M], lateness_ms=0, partitions=1, until_ms=2**41)
    assert (judged.alerts, judged.rejected) == ({}, [])
    assert (
        judge(
            [delivery("12:00", 500), exclusion("18:00", "11:00", None)], [WEBHOOK_15M], lateness_ms=0, partitions=1
        ).all_alerts
        == []
    )


def test_an_excluded_event_moves_the_watermark() -> None:
    log = [delivery("12:00", 500), delivery("12:05"), exclusion(None, "12:05", "12:06")]
    found = judge(log, [WEBHOOK_1M], lateness_ms=10_000, partitions=1).all_alerts
    assert in_short(found) == [("12:01", "BELOW_OBJECTIVE", 0, 1), ("12:02", "NO_DATA", 0, 0)]


FAULT = orjson.loads(exclusion(None, "12:05", "12:06").value or b"")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"e-1", b""),
        (b"e-1", b"{"),
        (b"e-1", b"[]"),
        (b"e-1", orjson.dumps(FAULT | {"padding": "x" * 65_536})),
        (b"e-1", orjson.dumps(FAULT | {"reason": "HOLIDAY"})),
        (b"e-1", orjson.dumps(FAULT | {"reason": None})),
        (b"e-1", orjson.dumps(FAULT | {"start": None})),
        (b"e-1", orjson.dumps(FAULT | {"start": "yesterday"})),
        (b"e-1", orjson.dumps(FAULT | {"end": "tomorrow"})),
        (b"e-1", orjson.dumps(FAULT | {"end": clock_ms("12:05") - 1})),
        (b"e-1", orjson.dumps(FAULT | {"appKey": ""})),
        (b"e-1", orjson.dumps(FAULT | {"metricId": 7})),
        (b"e-1", orjson.dumps({name: value for name, value in FAULT.items() if name != "id"})),
        (b"e-2", orjson.dumps(FAULT)),
        (None, orjson.dumps(FAULT)),
    ],
)
def test_what_is_not_an_exclusion_changes_nothing(key: bytes | None, value: bytes) -> None:
    fault = exclusion("11:00", "12:05", "12:06")
    useless = fault._replace(key=key, value=value)
    assert with_one_failed(useless) == PAGED
    assert with_one_failed(fault, useless) == []
    ((topic, _, index, _),) = judge([fault, useless], [WEBHOOK_15M], lateness_ms=0, partitions=1).rejected
    assert (topic, index) == ("slo.exclusions.v1", 1)


def test_times_may_be_text_and_what_may_be_null_absent() -> None:
    body = {
        "id": "e-1",
        "reason": "PLATFORM_FAULT",
        "start": "2026-03-02T13:05:00+01:00",
        "noted": "by the night shift",
    }
    wrapped = orjson.dumps({"specversion": "1.0", "id": "1", "data": body})
    fault = exclusion(None, "12:05", "12:06")
    assert with_one_failed(fault._replace(value=orjson.dumps(body))) == []
    structured = (("content-type", b"application/cloudevents+json"),)
    assert with_one_failed(fault._replace(value=wrapped, headers=structured)) == []
