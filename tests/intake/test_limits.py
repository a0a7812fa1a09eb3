"""The limits that protect the evaluator from its input, each just kept and just broken."""

import logging
from collections.abc import Sequence

import orjson
import pytest

from schemas.rejected import RejectReason
from schemas.wire import EventDecoder
from streams.names import AVAILABILITY, WEBHOOK, Metric
from tests.build import Stored, admission
from tests.model.build import ORDINARY

KIB = 1_024
FIRST_MS, LAST_MS = 946_684_800_000, 4_133_980_799_999  # 2000-01-01, and the last millisecond of 2100
PAYLOAD = "a-payload-that-nobody-should-read"


def spelled(metric: Metric, **fields: str) -> bytes:
    """An event with fields written as given; `appKey` is told by the record's key, too."""
    event = {"appKey": "a", "time": 1_648_136_352_345, **ORDINARY[metric.id]}
    written = {name: orjson.dumps(value).decode() for name, value in event.items()} | fields
    return ("{" + ",".join(f'"{name}":{value}' for name, value in written.items()) + "}").encode(
        errors="surrogateescape"
    )


def text(length: int, letter: str = "x") -> str:
    return f'"{letter * length}"'


def padded(size: int) -> bytes:
    value = spelled(WEBHOOK, padding='"HERE"')
    return value.replace(b"HERE", b"x" * (size - len(value) + len(b"HERE")))


def reason_of(metric: Metric, value: bytes, app_key: str = "a") -> RejectReason | None:
    to = admission(metric)
    to.admit([Stored(key=app_key.encode(), value=value)], None)
    assert to.not_counted + len(to.rejected) == 1
    return to.rejected[0].reason if to.rejected else None


KEPT: dict[str, tuple[Metric, dict[str, str]]] = {
    "256 letters": (WEBHOOK, {"product": text(256)}),
    "256 letters of four bytes each": (WEBHOOK, {"product": text(256, "\U0001f600")}),
    "2,048 letters of a URL": (AVAILABILITY, {"baseUrl": text(2_048)}),
    "a status of any size": (WEBHOOK, {"statusCode": str(2**63 - 1)}),
    "a negative status": (WEBHOOK, {"statusCode": "-1"}),
    "the longest duration": (WEBHOOK, {"durationInMillis": "1.7976931348623157e308"}),
    "no duration at all": (WEBHOOK, {"durationInMillis": "0"}),
    "the first millisecond": (WEBHOOK, {"time": str(FIRST_MS)}),
    "the last millisecond": (WEBHOOK, {"time": str(LAST_MS)}),
    "a field that nobody knows": (WEBHOOK, {"new": '{"deep":[[1]]}'}),
    "in it, a number that no double holds": (WEBHOOK, {"new": '{"deep":[1e400]}'}),
    "in it, a lone surrogate": (WEBHOOK, {"new": '{"\\ud800":"\\udc00"}'}),
    "in it, a depth of 1,024": (WEBHOOK, {"new": "[" * 1_023 + "]" * 1_023}),
    "an error of 10,000 letters": (WEBHOOK, {"error": text(10_000)}),
    "no error, as text": (WEBHOOK, {"error": '""'}),
    "an error of half an emoji": (WEBHOOK, {"error": '"\\ud83d"'}),
    "an error that is a number": (WEBHOOK, {"error": "-1e400"}),
}
BROKEN: dict[str, tuple[Metric, dict[str, str], RejectReason]] = {
    "257 letters": (WEBHOOK, {"product": text(257)}, RejectReason.SCHEMA),
    "no letter": (WEBHOOK, {"product": '""'}, RejectReason.SCHEMA),
    "2,049 letters of a URL": (AVAILABILITY, {"baseUrl": text(2_049)}, RejectReason.SCHEMA),
    "true as a status": (WEBHOOK, {"statusCode": "true"}, RejectReason.SCHEMA),
    "a status with a fraction": (WEBHOOK, {"statusCode": "200.5"}, RejectReason.SCHEMA),
    "a status as text": (WEBHOOK, {"statusCode": '"200"'}, RejectReason.SCHEMA),
    "false as a duration": (WEBHOOK, {"durationInMillis": "false"}, RejectReason.SCHEMA),
    "a duration below nought": (WEBHOOK, {"durationInMillis": "-0.001"}, RejectReason.SCHEMA),
    "a duration that is no number": (WEBHOOK, {"durationInMillis": "NaN"}, RejectReason.NOT_JSON),
    "an endless duration": (WEBHOOK, {"durationInMillis": "-Infinity"}, RejectReason.NOT_JSON),
    "a duration that no double holds": (WEBHOOK, {"durationInMillis": "1e400"}, RejectReason.SCHEMA),
    "a status that no double holds": (WEBHOOK, {"statusCode": "9" * 400}, RejectReason.SCHEMA),
    "a status of 65 bits": (WEBHOOK, {"statusCode": str(2**63)}, RejectReason.SCHEMA),
    "a status written as a fraction": (WEBHOOK, {"statusCode": "200.0"}, RejectReason.SCHEMA),
    "a status written with an exponent": (WEBHOOK, {"statusCode": "2e2"}, RejectReason.SCHEMA),
    "an error in Latin-1": (WEBHOOK, {"error": '"d\udce9lai"'}, RejectReason.NOT_JSON),
    "a number that only begins well": (WEBHOOK, {"new": "01e400"}, RejectReason.NOT_JSON),
    "half an emoji beside what no text has": (WEBHOOK, {"error": '"\\ud83d\\x"'}, RejectReason.NOT_JSON),
    "true as a time": (WEBHOOK, {"time": "true"}, RejectReason.SCHEMA),
    "a time of 1999": (WEBHOOK, {"time": str(FIRST_MS - 1)}, RejectReason.SCHEMA),
    "a time of 2101": (WEBHOOK, {"time": str(LAST_MS + 1)}, RejectReason.SCHEMA),
    "a time of forty digits": (WEBHOOK, {"time": "9" * 40}, RejectReason.SCHEMA),
    "a lone surrogate": (WEBHOOK, {"product": '"\\ud800"'}, RejectReason.SCHEMA),
    "a depth of 1,025": (WEBHOOK, {"new": "[" * 1_024 + "]" * 1_024}, RejectReason.NOT_JSON),
}


@pytest.mark.parametrize(("metric", "fields"), KEPT.values(), ids=KEPT)
def test_within_the_limits(metric: Metric, fields: dict[str, str]) -> None:
    assert reason_of(metric, spelled(metric, **fields)) is None


@pytest.mark.parametrize(("metric", "fields", "reason"), BROKEN.values(), ids=BROKEN)
def test_beyond_the_limits(metric: Metric, fields: dict[str, str], reason: RejectReason) -> None:
    assert reason_of(metric, spelled(metric, **fields)) is reason


def test_the_size_is_looked_at_before_anything_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reason_of(WEBHOOK, padded(64 * KIB)) is None

    def parse(_: EventDecoder, values: Sequence[bytes]) -> list[None]:
        assert not any(values)
        return [None] * len(values)

    monkeypatch.setattr(EventDecoder, "decode", parse)
    monkeypatch.delattr("streams.intake.checking.read_json")
    assert reason_of(WEBHOOK, padded(64 * KIB + 1)) is RejectReason.TOO_LARGE


def test_of_a_field_that_comes_twice_the_last_value_is_checked_and_used() -> None:
    twice = spelled(WEBHOOK)[:-1] + b',"appKey":"b"}'
    assert reason_of(WEBHOOK, twice, app_key="b") is None
    assert reason_of(WEBHOOK, spelled(WEBHOOK)[:-1] + b',"appKey":""}') is RejectReason.SCHEMA


def test_no_log_holds_a_payload(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for value in (spelled(WEBHOOK, error=f'"{PAYLOAD}"'), f'{{"{PAYLOAD}'.encode(), b'["' + PAYLOAD.encode() + b'"]'):
        reason_of(WEBHOOK, value)
    assert PAYLOAD not in caplog.text
