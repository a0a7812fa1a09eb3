"""What is let in, what is turned away and why, and which reason comes first."""

import re
from typing import Any

import orjson
import pytest

from schemas.rejected import Reason
from streams.evaluation.judgement import BAD, GOOD
from streams.intake.admission import Admission, Observation
from streams.names import WEBHOOK
from tests.build import Stored
from tests.model.build import ORDINARY, clock_ms

APP = "com.example.app"
NOON_MS = clock_ms("12:00")
STRUCTURED = ("content-type", b"application/cloudevents+json")
REROUTED = ("rerouted-from", b"0@7")


def value(**fields: Any) -> bytes:
    return orjson.dumps({"appKey": APP, "time": NOON_MS, **ORDINARY[WEBHOOK.id], **fields})


def sized(length: int) -> bytes:
    """A good record of exactly so many bytes."""
    return value(pad="x" * (length - len(value(pad=""))))


def incoming(raw: bytes | None = None, **given: Any) -> Stored:
    return Stored(**{"timestamp": NOON_MS, "key": APP.encode(), "value": value() if raw is None else raw, **given})


def admit(
    *records: Stored, clock_ms: int | None = None, is_at_home: bool = True
) -> tuple[list[Observation], Admission]:
    admission = Admission(WEBHOOK, lambda _key: is_at_home)
    return list(admission.observations(records, clock_ms)), admission


def reasons(admission: Admission) -> list[str]:
    return [rejection.reason.value for rejection in admission.rejected]


def test_an_observation() -> None:
    record = incoming(value(time="2026-03-02T13:00:00.0009+01:00", statusCode=500))
    (observation,), admission = admit(record)
    assert observation == (APP, "Jira", NOON_MS, NOON_MS, BAD, record)
    assert (admission.rejected, admission.misplaced) == ([], [])


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        pytest.param(incoming(sized(65_537)), "too_large", id="one byte too large"),
        pytest.param(incoming(b"{" * 65_537), "too_large", id="too large before not JSON"),
        pytest.param(incoming(b""), "not_json", id="empty"),
        pytest.param(Stored(key=APP.encode()), "not_json", id="null"),
        pytest.param(incoming(b"{"), "not_json", id="cut short"),
        pytest.param(incoming(value() + b"\xff"), "not_json", id="invalid UTF-8"),
        pytest.param(incoming(value().replace(b"204", b"NaN")), "not_json", id="NaN"),
        pytest.param(incoming(value(extra=1).replace(b":1}", b":" + b"[" * 2000 + b"]" * 2000 + b"}")), "not_json"),
        pytest.param(incoming(b"{", key=b"other"), "not_json", id="not JSON before misplaced"),
        pytest.param(incoming(b"[]"), "schema", id="not an object"),
        pytest.param(incoming(b"null"), "schema", id="JSON null"),
        pytest.param(incoming(value(event=None)), "schema", id="required"),
        pytest.param(incoming(value(statusCode="200")), "schema", id="type"),
        pytest.param(incoming(value(faultOwner="NOBODY")), "schema", id="closed list"),
        pytest.param(incoming(value(time="2026-03-02T12:00:00")), "schema", id="no offset"),
        pytest.param(incoming(value(time=946_684_799_999)), "schema", id="before 2000"),
        pytest.param(incoming(value(time=4_133_980_800_000)), "schema", id="after 2100"),
        pytest.param(incoming(value(statusCode=True), key=None), "schema", id="schema before misplaced"),
        pytest.param(incoming(value(time=1), timestamp=0), "schema", id="schema before future time"),
        pytest.param(incoming(key=b"other", headers=(REROUTED,)), "misplaced", id="misplaced twice"),
        pytest.param(
            incoming(value(time=NOON_MS + 60_001), key=None, headers=(REROUTED,)),
            "misplaced",
            id="misplaced before future time",
        ),
        pytest.param(incoming(value(time=NOON_MS + 60_001)), "future_time", id="future"),
        pytest.param(incoming(timestamp=0), "future_time", id="timestamp of 1970"),
    ],
)
def test_rejection(record: Stored, reason: str) -> None:
    observations, admission = admit(record)
    assert observations == []
    assert reasons(admission) == [reason]
    assert admission.rejected[0].record is record
    assert admission.rejected[0].detail
    assert admission.misplaced == []


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (sized(70_000), "70,000 bytes; at most 65,536"),
        (value(time=NOON_MS + 90_500), "90.500 s after"),
        (value(time="noon"), "time: .*RFC 3339"),
        (value(statusCode="x", event=None), "event: .*; statusCode: "),
    ],
)
def test_the_detail_says_what_is_wrong(raw: bytes, words: str) -> None:
    _, admission = admit(incoming(raw))
    (rejection,) = admission.rejected
    assert re.search(words, rejection.detail)


@pytest.mark.parametrize(
    ("record", "seen_ms"),
    [
        pytest.param(incoming(timestamp=NOON_MS + 5_000), NOON_MS, id="the event's time"),
        pytest.param(incoming(timestamp=NOON_MS - 5_000), NOON_MS - 5_000, id="the timestamp, if earlier"),
        pytest.param(incoming(timestamp=NOON_MS - 60_000), NOON_MS - 60_000, id="60 s ahead is allowed"),
        pytest.param(incoming(timestamp=None), NOON_MS, id="without a timestamp"),
        pytest.param(incoming(timestamp=-1), NOON_MS, id="Kafka's sign for none"),
    ],
)
def test_the_time_seen(record: Stored, seen_ms: int) -> None:
    ((*_, time_ms, seen, outcome, _),), _ = admit(record)
    assert (time_ms, seen, outcome) == (NOON_MS, seen_ms, GOOD)


def test_the_wall_clock_caps_the_time_seen_and_nothing_else() -> None:
    ((_, _, time_ms, seen_ms, _, _),), _ = admit(incoming(timestamp=None), clock_ms=NOON_MS - 1)
    assert (time_ms, seen_ms) == (NOON_MS, NOON_MS - 1)
    ((_, _, _, seen_ms, _, _),), _ = admit(incoming(), clock_ms=NOON_MS + 1)
    assert seen_ms == NOON_MS


def test_the_largest_record_is_let_in() -> None:
    observations, _ = admit(incoming(sized(65_536)))
    assert len(observations) == 1


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((STRUCTURED,), id="plain"),
        pytest.param((("Content-Type", b"Application/CloudEvents+JSON; charset=UTF-8"),), id="case and parameter"),
        pytest.param((("trace", None), STRUCTURED), id="behind another"),
    ],
)
def test_a_structured_cloud_event_is_unwrapped(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    wrapped = b'{"specversion":"1.0","id":"1","type":"t","source":"s","data":%s}' % value(statusCode=500)
    (observation,), _ = admit(incoming(wrapped, headers=headers))
    assert observation[:2] == (APP, "Jira")
    assert observation[4] == BAD


@pytest.mark.parametrize("raw", [value(), b'{"specversion":"1.0"}', b'{"data":null}', b'{"data":"text"}', b"[]"])
def test_a_structured_cloud_event_without_an_event_is_not_one(raw: bytes) -> None:
    _, admission = admit(incoming(raw, headers=(STRUCTURED,)))
    assert reasons(admission) == ["schema"]


def test_binary_mode_and_other_headers_are_carried_and_not_read() -> None:
    binary = (("ce_specversion", b"1.0"), ("content-type", b"application/json"), ("x", None), ("content-type", None))
    (observation,), _ = admit(incoming(headers=binary))
    assert observation[5].headers == binary


def test_one_structured_record_does_not_change_how_its_neighbours_are_read() -> None:
    wrapped = incoming(b'{"data":%s}' % value(), headers=(STRUCTURED,))
    observations, admission = admit(incoming(offset=0), wrapped, incoming(b"{"), incoming(offset=3))
    assert [observation[5] for observation in observations] == [incoming(offset=0), wrapped, incoming(offset=3)]
    assert reasons(admission) == ["not_json"]


@pytest.mark.parametrize(
    "record", [incoming(key=None), incoming(key=b""), incoming(key=b"other"), incoming(key=APP.encode() + b" ")]
)
def test_a_record_under_a_wrong_key_is_to_be_put_right(record: Stored) -> None:
    observations, admission = admit(record)
    assert (observations, admission.rejected) == ([], [])
    (misplaced,) = admission.misplaced
    assert (misplaced.record, misplaced.app_key) == (record, APP)


def test_a_record_in_a_wrong_partition_is_to_be_put_right_every_time() -> None:
    observations, admission = admit(incoming(), incoming(), is_at_home=False)
    assert (observations, len(admission.misplaced)) == ([], 2)


def test_a_key_that_was_right_for_one_app_is_not_right_for_another() -> None:
    observations, admission = admit(incoming(), incoming(value(appKey="com.example.other")), incoming())
    assert len(observations) == 2
    assert [misplaced.app_key for misplaced in admission.misplaced] == ["com.example.other"]


def test_apps_that_come_and_go_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.intake.admission.KEYS_REMEMBERED", 3)
    looked_at: list[bytes] = []

    def is_at_home(key: bytes) -> bool:
        looked_at.append(key)
        return True

    admission = Admission(WEBHOOK, is_at_home)
    apps = [f"app-{number}" for number in (1, 2, 3, 1, 4, 1, 1)]
    records = [incoming(value(appKey=app), key=app.encode()) for app in apps]
    assert len(list(admission.observations(records, None))) == len(apps)
    assert looked_at == [b"app-1", b"app-2", b"app-3", b"app-4", b"app-1"]


def test_a_rerouted_record_that_is_at_home_counts() -> None:
    observations, _ = admit(incoming(headers=(REROUTED,)))
    assert len(observations) == 1


def test_the_reasons_are_tested_in_the_order_they_are_listed() -> None:
    assert [reason.value for reason in Reason] == [
        "too_large",
        "not_json",
        "schema",
        "misplaced",
        "future_time",
        "too_late",
    ]
