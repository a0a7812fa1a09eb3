"""What records of the two topics teach, and which teach nothing."""

from typing import Any

import orjson
import pytest

from schemas.rejected import RejectReason
from streams.intake.checking import MAX_VALUE_BYTES
from streams.names import Topics
from streams.reference.catalogue import AppDetails
from streams.reference.reference import Reference
from tests.build import Stored

TOPICS = Topics()
APP: dict[str, Any] = {
    "appKey": "com.acme.charts",
    "name": "Charts",
    "partnerName": "Acme",
    "email": "ops@acme.example",
    "healthcheckUrls": ["https://charts.acme.example"],
    "excludedClientKeys": ["scanner"],
}
FAULT: dict[str, Any] = {"id": "f-1", "reason": "PLATFORM_FAULT", "start": "2026-03-02T12:00:00Z"}
NOON_MS = 1_772_452_800_000


def said(key: bytes | None, value: Any, timestamp_ms: int | None = 0) -> Stored:
    raw = value if value is None or isinstance(value, bytes) else orjson.dumps(value)
    return Stored(0, timestamp_ms, key, raw)


def test_an_app_until_it_is_removed() -> None:
    reference = Reference(TOPICS)
    assert reference.catalogue.details("com.acme.charts") == AppDetails("com.acme.charts", None)
    assert reference.take(TOPICS.apps, said(b"com.acme.charts", APP)) is None
    assert reference.catalogue.details("com.acme.charts") == AppDetails("Charts", "Acme")
    assert reference.catalogue.listings.excludes("com.acme.charts", "scanner", 4)
    assert reference.take(TOPICS.apps, said(b"com.acme.charts", {**APP, "excludedClientKeys": []}, 5)) is None
    assert not reference.catalogue.listings.excludes("com.acme.charts", "scanner", 5)
    assert reference.take(TOPICS.apps, said(b"com.acme.charts", None)) is None
    assert reference.catalogue.details("com.acme.charts") == AppDetails("com.acme.charts", None)


def test_an_exclusion_from_its_timestamp_until_it_is_withdrawn() -> None:
    reference = Reference(TOPICS)
    assert reference.take(TOPICS.exclusions, said(b"f-1", FAULT, 5)) is None
    assert reference.take(TOPICS.exclusions, said(b"f-1", None, 9)) is None
    spans = [reference.exclusions.known_at(at_ms, "any").spans("any", "any") for at_ms in (4, 5, 8, 9)]
    assert [[start_ms for start_ms, _ in known] for known in spans] == [[], [NOON_MS], [NOON_MS], []]


def test_without_a_timestamp_it_was_always_known() -> None:
    reference = Reference(TOPICS)
    planned = {**FAULT, "reason": "PLANNED_DOWNTIME"}
    for timestamp_ms in (None, -1):
        assert reference.take(TOPICS.exclusions, said(b"f-1", planned, timestamp_ms)) is None
        assert reference.exclusions.known_at(0, "any").spans("any", "any")


@pytest.mark.parametrize(
    ("topic", "key", "value", "reason"),
    [
        (TOPICS.apps, b"com.acme.charts", b"{", RejectReason.NOT_JSON),
        (TOPICS.apps, b"com.acme.charts", b"", RejectReason.NOT_JSON),
        (TOPICS.apps, b"com.acme.charts", {**APP, "name": ""}, RejectReason.SCHEMA),
        (TOPICS.apps, b"another", APP, RejectReason.SCHEMA),
        (TOPICS.apps, None, APP, RejectReason.SCHEMA),
        (TOPICS.apps, b"com.acme.charts", b" " * (MAX_VALUE_BYTES + 1), RejectReason.TOO_LARGE),
        (TOPICS.exclusions, b"f-1", {**FAULT, "reason": "HOLIDAY"}, RejectReason.SCHEMA),
        (TOPICS.exclusions, b"f-2", FAULT, RejectReason.SCHEMA),
        (TOPICS.exclusions, b"f-1", {**FAULT, "end": "2026-03-02T11:59:59Z"}, RejectReason.SCHEMA),
        (TOPICS.exclusions, b"f-1", {**FAULT, "scope": ""}, RejectReason.SCHEMA),
        (TOPICS.exclusions, b"f-1", {**FAULT, "announcedAt": "2026-03-02"}, RejectReason.SCHEMA),
    ],
)
def test_what_cannot_be_used_changes_nothing(topic: str, key: bytes | None, value: Any, reason: RejectReason) -> None:
    reference = Reference(TOPICS)
    rejection = reference.take(topic, said(key, value))
    assert rejection is not None
    assert rejection.reason is reason
    assert reference.catalogue.details("com.acme.charts").partner_name is None
    assert not reference.exclusions.known_at(1 << 60, "any").spans("any", "any")


@pytest.mark.parametrize(
    ("sent_ms", "is_taken"), [(NOON_MS - 1, False), (NOON_MS, True), (NOON_MS + 1, True), (None, True), (-1, True)]
)
def test_nothing_is_announced_after_it_was_sent(sent_ms: int | None, is_taken: bool) -> None:
    reference = Reference(TOPICS)
    rejection = reference.take(TOPICS.exclusions, said(b"f-1", {**FAULT, "announcedAt": NOON_MS}, sent_ms))
    assert (rejection is None) is is_taken
    if rejection is not None:
        assert (rejection.reason, rejection.detail) == (
            RejectReason.SCHEMA,
            "announcedAt: later than the record's own timestamp",
        )
