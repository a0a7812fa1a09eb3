"""CloudEvents in structured mode, as SDKs and frameworks send them."""

import base64
from typing import Any

import orjson
import pytest

from schemas.rejected import RejectReason
from streams.intake.checking import Rejection
from streams.intake.reading import EventReader
from streams.names import WEBHOOK
from tests.build import Stored
from tests.model.build import ORDINARY

EVENT = {"appKey": "a", "time": 1_648_136_352_345, **ORDINARY[WEBHOOK.id]}
RAW = orjson.dumps(EVENT)
CONTEXT = {"specversion": "1.0", "id": "1", "source": "/dispatcher", "type": "webhook", "subject": "a"}
STRUCTURED = b"application/cloudevents+json"


def read(value: bytes, *headers: tuple[str, bytes | None]) -> Any:
    """The event, or the reason and the detail."""
    record = Stored(value=value, headers=headers)
    ((event, _),) = EventReader(WEBHOOK).events([record])
    said = EventReader(WEBHOOK).checked(record) if event is None else event
    return (said.reason, said.detail) if isinstance(said, Rejection) else said.app_key


def envelope(**data: object) -> bytes:
    return orjson.dumps({**CONTEXT, **data})


@pytest.mark.parametrize(
    "header",
    [
        ("content-type", STRUCTURED),
        ("Content-Type", b"application/cloudevents+json; charset=UTF-8"),
        ("contentType", b"Application/CloudEvents+JSON"),
        ("contentType", b'"application/cloudevents+json"'),
        ("content_type", b" application/cloudevents+json ;charset=utf-8"),
        ("CONTENT-TYPE", STRUCTURED),
    ],
)
@pytest.mark.parametrize(
    "value",
    [
        envelope(data=EVENT, datacontenttype="application/json"),
        envelope(data_base64=base64.b64encode(RAW).decode()),
        envelope(data=None, data_base64=base64.b64encode(RAW).decode()),
        b" " + envelope(data=EVENT)[:-1] + b',"extension":1e400,"data_hint":"\\ud83d"}',
    ],
)
def test_an_envelope_is_unwrapped(value: bytes, header: tuple[str, bytes]) -> None:
    assert read(value, ("ce_id", b"x"), ("content-type", None), header) == "a"


@pytest.mark.parametrize("headers", [(), (("content-type", b"application/json"),), (("ce_specversion", b"1.0"),)])
@pytest.mark.parametrize("value", [envelope(data=EVENT), envelope(data_base64="e30=")])
def test_an_envelope_that_no_header_announces_is_named(value: bytes, headers: tuple[tuple[str, bytes], ...]) -> None:
    reason, detail = read(value, *headers)
    assert reason is RejectReason.SCHEMA
    assert "is a CloudEvent in structured mode, but no header says so" in detail
    assert "content-type: application/cloudevents+json" in detail


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (envelope(), RejectReason.SCHEMA, "the CloudEvent has neither data nor data_base64"),
        (RAW, RejectReason.SCHEMA, "the CloudEvent has neither data nor data_base64"),
        (envelope(data_base64="=="), RejectReason.SCHEMA, "data_base64: is not base64"),
        (envelope(data_base64=["e30="]), RejectReason.SCHEMA, "data_base64: is not base64"),
        (envelope(data_base64="YQ=="), RejectReason.NOT_JSON, "data_base64: "),
        (envelope(data_base64="e30="), RejectReason.SCHEMA, "appKey: Field required"),
        (envelope(data="{}"), RejectReason.SCHEMA, "The value is not a JSON object"),
        (b"[]", RejectReason.SCHEMA, "The value is not a JSON object"),
        (b"{", RejectReason.NOT_JSON, ""),
    ],
)
def test_what_is_wrong_within_an_envelope(value: bytes, reason: RejectReason, detail: str) -> None:
    said = read(value, ("content-type", STRUCTURED))
    assert said[0] is reason
    assert detail in said[1]


def test_binary_mode_needs_nothing() -> None:
    assert read(RAW, ("ce_specversion", b"1.0"), ("ce_id", b"1"), ("content-type", b"application/json")) == "a"
