"""Names of the catalogue count from their place in the log, clients by the time of each version."""

import orjson
import pytest

from streams.names import IFRAME, INSTALLATION
from tests.model import Record, judge
from tests.model.build import DEFAULTS, app, clock_ms, delisted, delivery, record, short

OBJECTIVES = [DEFAULTS[name] for name in ("webhook-delivery-15m", "iframe-load-15m", "installation-callback-24h")]


def names(*log: Record) -> list[tuple[str, str | None]]:
    found = judge(log, OBJECTIVES, lateness_ms=10_000, partitions=1, until_ms=clock_ms("13:00")).all_alerts
    return [(alert["appDetails"]["name"], alert["appDetails"]["partnerName"]) for alert in found]


BREACH, PAST_IT = delivery("12:00", 500), delivery("12:01:10")
"""What fails, and what makes the boundary due at which it pages; the recovery comes at the end of the log."""

UNNAMED = ("com.example.app", None)


def test_an_alert_names_the_app_as_it_was_when_its_boundary_came_due() -> None:
    old, new = app("Old", partner="Before"), app("New", partner="After")
    assert names(BREACH, PAST_IT) == [UNNAMED, UNNAMED]
    assert names(old, BREACH, PAST_IT) == [("Old", "Before")] * 2
    assert names(BREACH, old, PAST_IT) == [("Old", "Before")] * 2
    assert names(old, BREACH, PAST_IT, new) == [("Old", "Before"), ("New", "After")]
    assert names(BREACH, PAST_IT, new) == [UNNAMED, ("New", "After")]


def test_a_tombstone_removes_the_app() -> None:
    assert names(app("Named"), BREACH, PAST_IT, delisted(None)) == [("Named", "Example"), UNNAMED]


def test_of_other_apps_it_says_nothing() -> None:
    assert names(app("Other", key="com.example.other"), BREACH, PAST_IT) == [UNNAMED, UNNAMED]


BODY = orjson.loads(app("Changed").value or b"")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"com.example.app", b""),
        (b"com.example.app", b"{"),
        (b"com.example.app", orjson.dumps(BODY | {"name": None})),
        (b"com.example.app", orjson.dumps(BODY | {"email": ""})),
        (b"com.example.app", orjson.dumps(BODY | {"excludedClientKeys": None})),
        (b"com.example.app", orjson.dumps(BODY | {"excludedClientKeys": ["c", 1]})),
        (b"com.example.app", orjson.dumps(BODY | {"healthcheckUrls": "https://app.example.com"})),
        (b"com.example.app", orjson.dumps({field: BODY[field] for field in BODY if field != "partnerName"})),
        (b"com.example.other", orjson.dumps(BODY)),
        (None, orjson.dumps(BODY)),
    ],
)
def test_what_is_not_an_app_changes_nothing(key: bytes | None, value: bytes) -> None:
    named = app("Named")
    useless = named._replace(key=key, value=value)
    assert names(named, BREACH, useless, PAST_IT) == [("Named", "Example")] * 2
    ((topic, _, index, _),) = judge([named, useless], OBJECTIVES, lateness_ms=0, partitions=1).rejected
    assert (topic, index) == ("slo.apps.v1", 1)


def counted(*log: Record) -> list[tuple[str, str, int, int]]:
    return short(judge(log, OBJECTIVES, lateness_ms=10_000, partitions=1, until_ms=clock_ms("12:05")).all_alerts)


def test_excluded_clients_are_not_counted() -> None:
    ours, scanner = delivery("12:00", 500), delivery("12:00", 500, clientKey="scanner")
    assert counted(app("A"), ours, scanner) == [("12:01", "BELOW_OBJECTIVE", 0, 2)]
    assert counted(app("A", excluded=["scanner"]), ours, scanner) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert counted(app("A", excluded=["c-1", "scanner"]), ours, scanner) == []
    assert counted(app("B", key="b", excluded=["c-1"]), ours) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_change_of_the_excluded_clients_counts_from_its_time_on_wherever_it_lies(place: int) -> None:
    early, late = delivery("12:00:10", 500), delivery("12:00:20", 500)

    def with_change(first: Record, change: Record) -> list[tuple[str, str, int, int]]:
        log = [early, late]
        log.insert(place, change)
        return counted(first, *log)

    listed, excluded = app("A", sent="11:00"), app("A", sent="11:00", excluded=["c-1"])
    assert with_change(listed, app("A", sent="12:00:20", excluded=["c-1"])) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert with_change(listed, app("A", sent="12:00:20.001", excluded=["c-1"])) == [("12:01", "BELOW_OBJECTIVE", 0, 2)]
    assert with_change(excluded, app("A", sent="12:00:20")) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert with_change(excluded, delisted("12:00:20")) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert with_change(listed, app("A", excluded=["c-1"])) == []  # known since ever, and the last in the log


def test_the_first_version_that_is_left_holds_before_itself() -> None:
    failed = delivery("12:00", 500)
    assert counted(failed, app("A", sent="12:03", excluded=["c-1"])) == []
    assert counted(failed, app("A", sent="12:03"), app("A", sent="12:02", excluded=["c-1"])) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 1)
    ]


def test_of_the_versions_that_hold_the_last_in_the_log_is_meant() -> None:
    later, earlier = app("A", sent="11:30", excluded=["c-1"]), app("A", sent="11:00")
    assert counted(later, earlier, delivery("12:00", 500)) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert counted(earlier, later, delivery("12:00", 500)) == []


def test_the_records_time_decides_not_the_events() -> None:
    listed, excluded = app("A", sent="11:00"), app("A", sent="12:00:20", excluded=["c-1"])
    assert counted(listed, excluded, delivery("12:00:10", 500, arrives="12:00:20")) == []
    assert counted(listed, excluded, delivery("12:00:30", 500, arrives="12:00:19")) == [
        ("12:01", "BELOW_OBJECTIVE", 0, 1)
    ]
    unstamped = delivery("12:00:10", 500, arrives=None)  # its own is all it has
    assert counted(listed, excluded, unstamped, delivery("12:01")) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]


def test_only_installations_and_webhooks_have_excluded_clients() -> None:
    excluded = app("A", excluded=["c-1"])
    assert counted(excluded, record(IFRAME.id, "12:00", bridgeInMillis=None)) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert counted(excluded, record(INSTALLATION.id, "12:00", statusCode=500)) == []


def test_an_excluded_client_moves_the_watermark() -> None:
    log = [delivery("12:00", 500), app("A", sent="11:00"), app("A", sent="12:01", excluded=["c-1"]), PAST_IT]
    found = judge(log, OBJECTIVES, lateness_ms=10_000, partitions=1).all_alerts
    assert short(found) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
