"""A recorded log through the engine without a broker."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.rejected import RejectReason
from streams.evaluation.objective import Judge
from streams.names import Topics
from streams.replay import Replay, ReplayRecord, UnreadableLineError, read_line
from streams.replay.line import line_of
from tests.model import Alert, Record
from tests.model.build import DEFAULTS, check, clock_ms, delivery, record

LATENESS_MS = 10_000


def replay(*records: Record, partitions: int = 1, objectives: tuple[str, ...] = ("webhook-delivery-15m",)) -> Replay:
    engine = Replay([DEFAULTS[name] for name in objectives], LATENESS_MS, Topics(), partitions)
    engine.records(read_line(line(it), number) for number, it in enumerate(records, start=1))
    return engine


def line(it: Record) -> bytes:
    document = {"topic": it.topic, "key": None, "value": (it.value or b"").decode(), "timestamp": it.timestamp_ms}
    return orjson.dumps(document)


def found(engine: Replay, until: str | None = None) -> list[tuple[str, str]]:
    alerts = engine.finish(None if until is None else clock_ms(until))
    return [(clock(it), it["reason"]) for it in alerts]


def clock(alert: Alert) -> str:
    return str(alert["time"])[11:16]


def test_the_last_pane_is_closed_without_waiting_for_a_later_event() -> None:
    assert found(replay(delivery("12:00:30", 500))) == [("12:01", "BELOW_OBJECTIVE")]


def test_nothing_is_judged_beyond_it() -> None:
    assert found(replay(delivery("12:00:30", 500), delivery("12:07"))) == [("12:01", "BELOW_OBJECTIVE")]


@pytest.mark.parametrize(
    ("until", "alerts"),
    [
        ("12:00", []),
        ("12:01", [("12:01", "BELOW_OBJECTIVE")]),
        ("12:15", [("12:01", "BELOW_OBJECTIVE")]),
        ("12:16", [("12:01", "BELOW_OBJECTIVE"), ("12:16", "NO_DATA")]),
        ("+300d 12:16", [("12:01", "BELOW_OBJECTIVE"), ("12:16", "NO_DATA")]),
    ],
)
def test_until(until: str, alerts: list[tuple[str, str]]) -> None:
    assert found(replay(delivery("12:00:30", 500)), until) == alerts


def test_until_hides_what_later_records_showed() -> None:
    log = [delivery("12:00:30", 500), delivery("13:00", 500), delivery("13:05")]
    assert found(replay(*log), "12:59") == [("12:01", "BELOW_OBJECTIVE"), ("12:16", "NO_DATA")]


def test_records_are_placed_by_their_app_whatever_their_key() -> None:
    log = [delivery("12:00", 500, app=f"app-{number}")._replace(key=b"same") for number in range(20)]
    engine = replay(*log, partitions=7)
    alerts = engine.finish()
    assert [alert["appKey"] for alert in alerts] == sorted(f"app-{number}" for number in range(20))
    assert not engine.summary.rejected.total()


def test_alerts_of_all_topics_are_in_one_order() -> None:
    log = [delivery("12:00", 500, app="a"), check("12:00", 503, app="b"), check("12:00", 503, app="a")]
    engine = replay(*log, objectives=("webhook-delivery-15m", "app-availability-15m"))
    assert [(it["metricId"], it["appKey"]) for it in engine.finish()] == [
        ("app-availability", "a"),
        ("app-availability", "b"),
        ("webhook-delivery-success-rate", "a"),
    ]


def test_each_objective_ends_with_its_own_pane() -> None:
    fast = DEFAULTS["webhook-delivery-15m"]
    short = replace(fast, name="short", window_ms=60_000)
    slow = replace(fast, name="slow", window_ms=300_000, hop_ms=300_000)
    engine = Replay((short, slow), 10_000, Topics())
    engine.records([read_line(line(delivery("12:01:30", 500)), 1)])
    assert [(it["objective"], clock(it), it["reason"]) for it in engine.finish()] == [
        ("short", "12:02", "BELOW_OBJECTIVE"),
        ("slow", "12:05", "BELOW_OBJECTIVE"),
    ]


def test_the_summary() -> None:
    garbage = delivery("12:00")._replace(value=b"{")
    late, early = delivery("11:00"), delivery("13:00", arrives="12:30")
    other = delivery("12:00")._replace(topic="elsewhere")
    engine = replay(delivery("12:30"), garbage, late, early, other)
    summary = engine.summary
    assert (summary.events, summary.other_topics, summary.last_event_ms) == (4, 1, clock_ms("12:30"))
    assert {reason.value: count for reason, count in summary.rejected.items() if count} == {
        "not_json": 1,
        "too_late": 1,
        "future_time": 1,
    }


def fault(start: str, end: str, known: str | None) -> bytes:
    value = {"id": "f", "reason": "PLATFORM_FAULT", "start": clock_ms(start), "end": clock_ms(end)}
    timestamp_ms = None if known is None else clock_ms(known)
    return orjson.dumps({"topic": "slo.exclusions.v1", "value": value, "timestamp": timestamp_ms})


@pytest.mark.parametrize(
    ("known", "alerts"),
    [
        (None, []),
        ("12:01:10", []),
        ("12:01:11", [("12:01", "BELOW_OBJECTIVE"), ("12:02", "EXCLUDED")]),
        ("12:20", [("12:01", "BELOW_OBJECTIVE"), ("12:16", "NO_DATA")]),
    ],
)
@pytest.mark.parametrize("comes_first", [True, False])
def test_an_exclusion_acts_by_its_timestamp_wherever_it_lies(
    known: str | None, alerts: list[tuple[str, str]], comes_first: bool
) -> None:
    lines = [line(delivery("12:00:30", 500)), fault("12:00", "12:01", known)]
    records = [read_line(it, number) for number, it in enumerate(sorted(lines, reverse=comes_first))]
    engine = Replay([DEFAULTS["webhook-delivery-15m"]], LATENESS_MS, Topics())
    engine.reference(records)
    engine.records(records)
    assert found(engine, "12:30") == alerts
    assert engine.summary.other_topics == 0


def listed(at: str | None = None, **changes: object) -> bytes:
    value = {"appKey": "com.example.app", "name": "Charts", "partnerName": "Acme", "email": "a@acme.example"}
    lists: dict[str, object] = {"healthcheckUrls": [], "excludedClientKeys": []}
    timestamp_ms = None if at is None else clock_ms(at)
    return orjson.dumps({"topic": "slo.apps.v1", "value": {**value, **lists, **changes}, "timestamp": timestamp_ms})


def test_clients_of_the_catalogue_count_by_its_timestamps_and_names_from_where_they_lie() -> None:
    lines = [
        line(delivery("12:00:30", 500, clientKey="c-1")),
        listed("11:00", name="Charts"),
        listed("12:30", name="Maps", excludedClientKeys=["c-1"]),
        line(delivery("12:30:30", 500, clientKey="c-1")),
        line(delivery("12:31:30", 500, clientKey="c-2")),
        line(delivery("12:32:30")),
        listed("11:30", name="Atlas"),
    ]
    records = [read_line(it, number) for number, it in enumerate(lines)]
    engine = Replay([DEFAULTS["webhook-delivery-15m"]], LATENESS_MS, Topics())
    engine.reference(records[:-1])
    engine.records(records)
    assert [(clock(it), it["type"], it["badCount"], it["appDetails"]["name"]) for it in engine.finish()] == [
        ("12:01", "BREACH", 1, "Maps"),
        ("12:16", "RECOVERY", 0, "Maps"),
        ("12:32", "BREACH", 1, "Maps"),
    ]


@pytest.mark.parametrize(("timestamp", "alerts"), [(None, [("12:01", "BELOW_OBJECTIVE")]), (-1, [])])
def test_a_line_without_a_timestamp_came_as_it_happened_and_minus_one_tells_no_time(
    timestamp: int | None, alerts: list[tuple[str, str]]
) -> None:
    engine = Replay([DEFAULTS["webhook-delivery-15m"]], LATENESS_MS, Topics())
    event = delivery("12:00:30", 500)
    engine.records([ReplayRecord(event.topic, event.key, event.value, timestamp, 1)])
    assert found(engine) == alerts


def test_without_a_usable_record_nothing_is_judged() -> None:
    assert found(replay(delivery("12:00")._replace(value=b"[]")), "13:00") == []
    assert found(replay()) == []


def test_a_metric_without_an_objective_is_read_and_not_judged() -> None:
    assert found(replay(check("12:00", 503)), "13:00") == []


def test_it_judges_what_is_left_to_history_too() -> None:
    left_to_history = replace(DEFAULTS["webhook-delivery-15m"], name="history's", judge=Judge.HISTORY)
    engine = Replay([left_to_history], LATENESS_MS, Topics())
    engine.records([read_line(line(delivery("12:00:30", 500)), 1)])
    assert found(engine) == [("12:01", "BELOW_OBJECTIVE")]


def test_it_does_not_matter_in_which_portions_it_is_fed() -> None:
    log = [delivery(f"12:{minute:02}", 500 if minute % 20 < 5 else 204) for minute in range(60)]
    whole, bit_by_bit = replay(*log), replay()
    for number, it in enumerate(log):
        bit_by_bit.records([read_line(line(it), number)])
    assert bit_by_bit.finish() == whole.finish()


BODY: dict[str, Any] = {"appKey": "a", "time": 1}


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"topic": "t", "value": BODY}, orjson.dumps(BODY)),
        ({"topic": "t", "value": '{"appKey": "a"}', "key": "k", "timestamp": None, "more": 1}, b'{"appKey": "a"}'),
        ({"topic": "t", "value": "{"}, b"{"),
        ({"topic": "t", "value": ""}, b""),
        ({"topic": "t", "value": None}, None),
        ({"topic": "t"}, None),
        ({"topic": "t", "value": [1]}, b"[1]"),
    ],
)
def test_read_line(document: dict[str, Any], value: bytes | None) -> None:
    read = read_line(orjson.dumps(document), 9)
    assert read == ReplayRecord("t", b"k" if "key" in document else None, value, None, 9)


def test_reference_data_without_a_key_lies_under_the_one_it_names() -> None:
    engine = Replay([DEFAULTS["webhook-delivery-15m"]], LATENESS_MS, Topics())
    engine.reference([read_line(fault("12:00", "12:01", None), 1)])
    other_key = orjson.loads(fault("12:00", "12:01", None)) | {"key": "another"}
    engine.reference([read_line(orjson.dumps(other_key), 2), read_line(b'{"topic":"slo.exclusions.v1"}', 3)])
    assert engine.summary.rejected == {RejectReason.SCHEMA: 1}
    engine.records([read_line(line(delivery("12:00:30", 500)), 4)])
    assert found(engine) == []


def test_an_event_counts_under_its_app_also_within_an_envelope() -> None:
    event = delivery("12:00:30", 500)
    envelope = b'{"specversion":"1.0","data":%b}' % (event.value or b"")
    headers = (("content-type", b"application/cloudevents+json"),)
    enveloped = ReplayRecord(event.topic, None, envelope, None, 1, headers)
    engine = Replay([DEFAULTS["webhook-delivery-15m"]], LATENESS_MS, Topics(), partitions=7)
    engine.records([enveloped])
    assert found(engine) == [("12:01", "BELOW_OBJECTIVE")]


@pytest.mark.parametrize(
    "value",
    [
        b'{"appKey": "a",  "n": 1e2, "n": 1.50, "text": "\\u00e9/"}',
        b'{"appKey":"a","more":' + b"[" * 400 + b"]" * 400 + b"}",
        b'{"appKey":"a","text":"\xff"}',
        b"1e999",
        b'{"appKey":"a","text":"\\ud83d"}',
        b"NaN",
        b"[" * 100_000 + b"]" * 100_000,
    ],
)
def test_a_value_is_what_was_written(value: bytes) -> None:
    assert read_line(b'{"topic": "slo.webhook.v1", "value": ' + value + b' , "key": "a"}', 1) == ReplayRecord(
        "slo.webhook.v1", b"a", value, None, 1
    )


def test_an_event_that_is_nested_deeply_counts_as_from_a_broker() -> None:
    event = delivery("12:00", 500)
    deep = (event.value or b"")[:-1] + b',"more":' + b"[" * 400 + b"]" * 400 + b"}"
    engine = Replay([DEFAULTS["webhook-delivery-15m"]], LATENESS_MS, Topics())
    engine.records([read_line(b'{"topic":"slo.webhook.v1","value":' + deep + b"}", 1)])
    assert found(engine) == [("12:01", "BELOW_OBJECTIVE")]


def test_a_line_keeps_its_timestamp() -> None:
    assert read_line(b'{"topic":"t","timestamp":5}', 1).timestamp == 5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"topic": "\xff"}', "not JSON"),
        (b'{"topic": "t", "value": [1}', "not JSON"),
        (b'{"topic": "t", "value": [1]', "not JSON"),
        (b'{"topic": "t", "value": [1]}}', "not JSON"),
        (b'["topic"]', 'not an object with a "topic"'),
        (b'{"topic": "t", "value": "\xff"}', "not JSON"),
        (b'{"topic": "t", "value": "\\ud83d"}', "half a surrogate pair is no text"),
        (b'{"topic": "t", "key": "\\ud83d"}', "half a surrogate pair is no text"),
        (b'{"topic": "t", "headers": {"a": "b"}}', '"headers" is not a list of pairs'),
        (b'{"topic": "t", "headers": [["a"]]}', '"headers" is not a list of pairs'),
        (b'{"topic": "t", "headers": [["a", 1]]}', '"headers" is not a list of pairs'),
        (b'{"topic": "t", "partition": "1"}', '"partition" is not an integer'),
        (b'{"topic": "t", "offset": 1.0}', '"offset" is not an integer'),
        (b"[]", 'not an object with a "topic"'),
        (b"{}", 'not an object with a "topic"'),
        (b'{"topic": 1}', 'not an object with a "topic"'),
        (b'{"topic": "t", "timestamp": "5"}', "not integer epoch milliseconds"),
        (b'{"topic": "t", "timestamp": 5.0}', "not integer epoch milliseconds"),
        (b'{"topic": "t", "timestamp": true}', "not integer epoch milliseconds"),
    ],
)
def test_a_line_that_cannot_be_read(text: bytes, problem: str) -> None:
    with pytest.raises(UnreadableLineError, match=problem):
        read_line(text, 1)


def test_a_value_given_as_text_is_read_as_one_given_as_an_object() -> None:
    it = record("iframe-load-success-rate", "12:00", bridgeInMillis=None)
    as_object = orjson.dumps({"topic": it.topic, "value": orjson.loads(it.value or b""), "timestamp": it.timestamp_ms})
    assert read_line(as_object, 1) == read_line(line(it), 1)


VALUES = [
    None,
    b"",
    b"null",
    b"{",
    b'"text"',
    b"[]",
    b'{"a": "x\\"}y"}',
    b'{"a":\n1}',
    b'{"a":"\xff"}',
    b"\xff\x00",
    b'"\\udcff"',
]
VALUES += [b'{"a":"\\ud83d"}', b'{"a":1e400}', b'{"a":' + b"[" * 1_023 + b"]" * 1_023 + b"}", b'{"a":' + b"[" * 9_000]


@pytest.mark.parametrize("value", VALUES, ids=[repr(value)[:30] for value in VALUES])
def test_what_is_written_as_a_line_is_read_as_it_was(value: bytes | None) -> None:
    headers = (("a", None), ("b", b"\xff\x00"), ("content-type", b"application/json"))
    it = ReplayRecord("slo.webhook.v1", b"\xfe", value, -1, 17, headers)
    written = line_of(it.topic, 3, it)
    assert b"\n" not in written
    assert read_line(written, 1) == it


@pytest.mark.timeout(10)  # milliseconds, and seconds where it is quadratic
@pytest.mark.parametrize("value", [b'"' + b'\\"' * 100_000, b'{"a":"' + b'\\"' * 100_000, b'"' * 200_001])
def test_a_line_that_never_ends_is_soon_given_up(value: bytes) -> None:
    with pytest.raises(UnreadableLineError):
        read_line(b'{"topic":"t","key":"\\udcff","value":' + value + b"}", 1)


@given(value=st.binary(), key=st.none() | st.binary(), timestamp=st.integers(-1, 2**62))
def test_any_bytes_come_through_a_line(value: bytes, key: bytes | None, timestamp: int) -> None:
    it = ReplayRecord("slo.webhook.v1", key, value, timestamp, 5, (("x", value), ("", key)))
    assert read_line(line_of(it.topic, 0, it), 1) == it
