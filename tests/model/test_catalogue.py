"""Names and clients of the catalogue: each version from its place in the log on."""

import orjson
import pytest

from streams.names import IFRAME, INSTALLATION
from tests.model import Record, judge
from tests.model.build import DEFAULTS, app, clock_ms, delivery, record, short

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
    named = app("Named")
    assert names(named, BREACH, PAST_IT, named._replace(value=None)) == [("Named", "Example"), UNNAMED]


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


def test_a_change_of_the_excluded_clients_counts_from_then_on() -> None:
    excluded, included = app("A", excluded=["c-1"]), app("A")
    failed = delivery("12:00", 500)
    assert counted(failed, excluded, failed) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert counted(excluded, failed, included, failed) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert counted(excluded, failed, included._replace(value=None), failed) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert counted(failed, failed, excluded) == [("12:01", "BELOW_OBJECTIVE", 0, 2)]


def test_only_installations_and_webhooks_have_excluded_clients() -> None:
    excluded = app("A", excluded=["c-1"])
    assert counted(excluded, record(IFRAME.id, "12:00", bridgeInMillis=None)) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
    assert counted(excluded, record(INSTALLATION.id, "12:00", statusCode=500)) == []


def test_an_excluded_client_moves_the_watermark() -> None:
    log = [delivery("12:00", 500), app("A", excluded=["c-1"]), PAST_IT]
    found = judge(log, OBJECTIVES, lateness_ms=10_000, partitions=1).all_alerts
    assert short(found) == [("12:01", "BELOW_OBJECTIVE", 0, 1)]
