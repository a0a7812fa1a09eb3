"""The headers of rejected records survive the way through Kafka."""

import pytest
from pydantic import ValidationError

from schemas import RejectedHeaders, RejectReason


def test_headers_come_back_as_they_were_sent() -> None:
    headers = RejectedHeaders(
        reason=RejectReason.TOO_LARGE,
        detail="größer als 64 KiB",
        application="canary",
        topic="slo.webhook.v1",
        partition=3,
        offset=2**40,
        truncated=1_048_576,
        sha256="0" * 64,
        key_truncated=1_000_000,
        headers_left_out=2,
    )
    assert RejectedHeaders.from_kafka(headers.to_kafka()) == headers


def test_headers_on_the_wire_are_text_and_only_those_that_say_something() -> None:
    headers = RejectedHeaders(
        reason=RejectReason.NOT_JSON, detail="empty", application="canary", topic="slo.iframe.v1", partition=0, offset=7
    )
    assert headers.to_kafka() == [
        ("reason", b"not_json"),
        ("detail", b"empty"),
        ("application", b"canary"),
        ("topic", b"slo.iframe.v1"),
        ("partition", b"0"),
        ("offset", b"7"),
    ]


def test_headers_of_others_do_not_matter() -> None:
    texts = {"reason": "schema", "detail": "d", "application": "a", "topic": "t", "partition": "0", "offset": "0"}
    own = [(name, text.encode()) for name, text in texts.items()]
    assert RejectedHeaders.from_kafka([*own, ("traceparent", b"\xff")]).reason is RejectReason.SCHEMA


def test_a_record_without_them_is_not_a_rejected_one() -> None:
    with pytest.raises(ValidationError):
        RejectedHeaders.from_kafka([("traceparent", b"00")])


def test_reasons_are_the_closed_list_in_the_order_of_their_tests() -> None:
    assert list(RejectReason) == [
        "too_large",
        "not_json",
        "schema",
        "misplaced",
        "future_time",
        "too_late",
        "too_many_series",
    ]
    assert all(reason.sentence.endswith(".") for reason in RejectReason)
