"""What a record's bytes mean: the judgement table, and every reason to refuse them."""

import base64
from typing import Any

import orjson
import pytest

from streams.names import AVAILABILITY, IFRAME, INSTALLATION, METRICS, WEBHOOK, Metric, Topics
from tests.model.build import ORDINARY
from tests.model.reading import Event, Rejection, read
from tests.model.record import Record

NOON_MS = 1_772_452_800_000  # 2026-03-02T12:00:00Z


def read_bytes(value: bytes | None, metric: Metric = AVAILABILITY, **headers: bytes) -> Event | Rejection:
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return read(Record(Topics().input(metric), 0, b"a", value, None, named), metric)


def body(metric: Metric, **fields: Any) -> dict[str, Any]:
    return {"appKey": "a", "time": NOON_MS, **ORDINARY[metric.id], **fields}


def read_event(metric: Metric, **fields: Any) -> Event | Rejection:
    return read_bytes(orjson.dumps(body(metric, **fields)), metric)


def without(metric: Metric, name: str) -> dict[str, Any]:
    return {field: value for field, value in body(metric).items() if field != name}


GOOD, BAD, NOT_COUNTED = "good", "bad", "not counted"


@pytest.mark.parametrize(
    ("metric", "fields", "verdict"),
    [
        (AVAILABILITY, {"statusCode": 200, "durationInMillis": 0}, GOOD),
        (AVAILABILITY, {"statusCode": 200, "durationInMillis": 2_999.9}, GOOD),
        (AVAILABILITY, {"statusCode": 200, "durationInMillis": 3_000}, BAD),
        (AVAILABILITY, {"statusCode": 200, "durationInMillis": None}, BAD),
        (AVAILABILITY, {"statusCode": 204}, BAD),
        (AVAILABILITY, {"statusCode": 301}, BAD),
        (AVAILABILITY, {"statusCode": 503}, BAD),
        (AVAILABILITY, {"statusCode": None, "error": "connection refused"}, BAD),
        (AVAILABILITY, {"group": "PROD"}, GOOD),
        (AVAILABILITY, {"group": "DFR"}, NOT_COUNTED),
        (AVAILABILITY, {"group": "prod"}, NOT_COUNTED),
        (IFRAME, {"bridgeInMillis": 12_000}, GOOD),
        (IFRAME, {"bridgeInMillis": 12_000.5}, BAD),
        (IFRAME, {"bridgeInMillis": None}, BAD),
        (IFRAME, {"bridgeInMillis": 1, "status": "FAIL"}, GOOD),
        (IFRAME, {"source": "APP", "status": "SUCCESS", "bridgeInMillis": None}, GOOD),
        (IFRAME, {"source": "APP", "status": "FAIL", "bridgeInMillis": 1}, BAD),
        (IFRAME, {"source": "APP", "status": None, "bridgeInMillis": 1}, BAD),
        (IFRAME, {"group": "DFR"}, NOT_COUNTED),
        (INSTALLATION, {"statusCode": 200}, GOOD),
        (INSTALLATION, {"statusCode": 204, "durationInMillis": 60_000}, GOOD),
        (INSTALLATION, {"statusCode": 201}, BAD),
        (INSTALLATION, {"statusCode": None, "error": "DNS"}, BAD),
        (INSTALLATION, {"statusCode": 500, "faultOwner": "APP"}, BAD),
        (INSTALLATION, {"statusCode": 500, "faultOwner": "PLATFORM"}, NOT_COUNTED),
        (INSTALLATION, {"statusCode": 200, "faultOwner": "PLATFORM"}, NOT_COUNTED),
        (INSTALLATION, {"lifecycle": "uninstalled"}, NOT_COUNTED),
        (INSTALLATION, {"lifecycle": "enabled"}, NOT_COUNTED),
        (INSTALLATION, {"lifecycle": "disabled"}, NOT_COUNTED),
        (INSTALLATION, {"group": "DFR"}, NOT_COUNTED),
        (WEBHOOK, {"statusCode": 200}, GOOD),
        (WEBHOOK, {"statusCode": 204}, GOOD),
        (WEBHOOK, {"statusCode": 302}, BAD),
        (WEBHOOK, {"statusCode": None}, BAD),
        (WEBHOOK, {"statusCode": 500, "faultOwner": "PLATFORM"}, NOT_COUNTED),
        (WEBHOOK, {"event": "enabled"}, GOOD),
        (WEBHOOK, {"group": "DFR"}, NOT_COUNTED),
    ],
)
def test_judgement_table(metric: Metric, fields: dict[str, Any], verdict: str) -> None:
    event = read_event(metric, **fields)
    assert isinstance(event, Event)
    assert (NOT_COUNTED if not event.counted else GOOD if event.good else BAD) == verdict


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b" " * 65_537, Rejection.TOO_LARGE),
        (b" " * 65_536, Rejection.NOT_JSON),
        (None, Rejection.NOT_JSON),
        (b"", Rejection.NOT_JSON),
        (b"\xff", Rejection.NOT_JSON),
        (b"NaN", Rejection.NOT_JSON),
        (b"[" * 5_000 + b"]" * 5_000, Rejection.NOT_JSON),
        (b"null", Rejection.SCHEMA),
        (b"[]", Rejection.SCHEMA),
        (b"{}", Rejection.SCHEMA),
    ],
)
def test_what_is_not_an_event_at_all(value: bytes | None, reason: Rejection) -> None:
    assert read_bytes(value) is reason


@pytest.mark.parametrize(
    ("metric", "names"),
    [
        (AVAILABILITY, ["appKey", "time", "baseUrl"]),
        (IFRAME, ["appKey", "time", "product", "clientKey", "moduleType", "source"]),
        (INSTALLATION, ["appKey", "time", "product", "clientKey", "lifecycle"]),
        (WEBHOOK, ["appKey", "time", "product", "clientKey", "event"]),
    ],
)
def test_only_what_may_be_null_may_be_absent(metric: Metric, names: list[str]) -> None:
    for name in names:
        assert read_bytes(orjson.dumps(without(metric, name)), metric) is Rejection.SCHEMA
        assert read_event(metric, **{name: None}) is Rejection.SCHEMA
    for name in body(metric).keys() - set(names):
        assert isinstance(read_bytes(orjson.dumps(without(metric, name)), metric), Event)


@pytest.mark.parametrize(
    ("metric", "field", "fits", "does_not"),
    [
        (AVAILABILITY, "appKey", ["k" * 256], ["", "k" * 257, 7, None]),
        (AVAILABILITY, "baseUrl", ["u" * 2_048], ["", "u" * 2_049]),
        (AVAILABILITY, "statusCode", [-1, 0, 10**15], ["200", 200.5, True]),
        (AVAILABILITY, "durationInMillis", [0, 0.5, 10**15], [-1, -0.5, "1", False]),
        (AVAILABILITY, "unheardOf", [None, {}, "x"], []),
        (IFRAME, "source", ["HOST", "APP"], ["host", "", None]),
        (IFRAME, "status", ["SUCCESS", "FAIL", None], ["OK"]),
        (IFRAME, "bridgeInMillis", [0, 12_000.5], [-1, "1"]),
        (INSTALLATION, "lifecycle", ["installed", "uninstalled", "enabled", "disabled"], ["INSTALLED", None]),
        (WEBHOOK, "faultOwner", ["APP", "PLATFORM", None], ["platform"]),
    ],
)
def test_fields(metric: Metric, field: str, fits: list[Any], does_not: list[Any]) -> None:
    for value in fits:
        assert isinstance(read_event(metric, **{field: value}), Event), value
    for value in does_not:
        assert read_event(metric, **{field: value}) is Rejection.SCHEMA, value


def written(**fields: bytes) -> bytes:
    """A check with fields spelled as given."""
    spelled = {name: orjson.dumps(value) for name, value in body(AVAILABILITY).items()} | fields
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), value) for name, value in spelled.items()) + b"}"


@pytest.mark.parametrize("value", [b"1e400", b"9" * 5_000, b'"\\ud83d"', b'["\\udc00"]', b"[" * 1_000 + b"]" * 1_000])
def test_what_nobody_reads_makes_no_event_unusable(value: bytes) -> None:
    assert isinstance(read_bytes(written(error=value, unheardOf=value)), Event)
    for name in ("appKey", "statusCode", "durationInMillis"):
        assert read_bytes(written(**{name: value})) is Rejection.SCHEMA
    assert read_bytes(written(error=value[:-1] + b"\xff")) is Rejection.NOT_JSON


def test_an_integer_has_64_bits_and_neither_fraction_nor_exponent() -> None:
    for status in (b"9223372036854775807", b"-9223372036854775808"):
        assert isinstance(read_bytes(written(statusCode=status)), Event)
    for status in (b"9223372036854775808", b"-9223372036854775809", b"200.0", b"2e2", b"9" * 400):
        assert read_bytes(written(statusCode=status)) is Rejection.SCHEMA


@pytest.mark.parametrize(
    ("time", "time_ms"),
    [
        (NOON_MS, NOON_MS),
        ("2026-03-02T12:00:00Z", NOON_MS),
        ("2026-03-02t12:00:00z", NOON_MS),
        ("2026-03-02T14:30:00+02:30", NOON_MS),
        ("2026-03-01T22:00:00-14:00", NOON_MS),
        ("2026-03-02T12:00:00-00:00", NOON_MS),
        ("2026-03-02T12:00:00.1Z", NOON_MS + 100),
        ("2026-03-02T12:00:00.0019999Z", NOON_MS + 1),
        ("2000-01-01T00:00:00Z", 946_684_800_000),
        ("2100-12-31T23:59:59.999Z", 4_133_980_799_999),
        ("2026-03-01T23:59:60Z", NOON_MS - 12 * 3_600_000 - 1),
        ("2026-03-02T00:59:60.5+01:00", NOON_MS - 12 * 3_600_000 - 1),
    ],
)
def test_times(time: Any, time_ms: int) -> None:
    event = read_event(AVAILABILITY, time=time)
    assert isinstance(event, Event)
    assert event.time_ms == time_ms


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-02T12:00:00",
        "2026-03-02 12:00:00Z",
        "2026-03-02T12:00Z",
        "2026-03-02T12:00:60Z",
        "2026-03-02T23:59:60+01:00",
        "2026-03-02T24:00:00Z",
        "2026-02-29T12:00:00Z",
        "2026-03-02T12:00:00.Z",
        "2026-03-02T12:00:00+0200",
        "2026-03-02T12:00:00+24:00",
        "2026-03-02T12:00:00+02:60",
        "2026-03-02T12:00:00Z ",
        "2026-03-02T12:00:00Z\n",
        "2026-03-02T12:00:0٠Z",
        "1999-12-31T23:59:59.999Z",
        "2101-01-01T00:00:00Z",
        str(NOON_MS),
        float(NOON_MS),
        946_684_799_999,
        4_133_980_800_000,
        True,
    ],
)
def test_what_is_not_a_time(time: Any) -> None:
    assert read_event(AVAILABILITY, time=time) is Rejection.SCHEMA


def test_cloudevents() -> None:
    plain = body(AVAILABILITY)
    wrapped = orjson.dumps({"specversion": "1.0", "id": "1", "data": plain})
    event = read_bytes(orjson.dumps(plain))
    assert isinstance(event, Event)
    assert read_bytes(wrapped, content_type=b"application/cloudevents+json; charset=utf-8") == event
    assert read_bytes(orjson.dumps(plain), content_type=b"application/json", ce_id=b"1") == event
    assert read_bytes(wrapped, contentType=b'"Application/CloudEvents+JSON"') == event
    encoded = orjson.dumps({"specversion": "1.0", "data_base64": base64.b64encode(orjson.dumps(plain)).decode()})
    assert read_bytes(encoded, content_type=b"application/cloudevents+json") == event
    for garbage, reason in (("e30=!", Rejection.SCHEMA), (7, Rejection.SCHEMA), ("bm8=", Rejection.NOT_JSON)):
        envelope = orjson.dumps({"specversion": "1.0", "data_base64": garbage})
        assert read_bytes(envelope, content_type=b"application/cloudevents+json") is reason
    assert read_bytes(wrapped) is Rejection.SCHEMA
    assert read_bytes(orjson.dumps(plain), content_type=b"application/cloudevents+json") is Rejection.SCHEMA


def test_every_metric_can_be_read() -> None:
    assert {metric.id for metric in METRICS.values() if isinstance(read_event(metric), Event)} == METRICS.keys()
