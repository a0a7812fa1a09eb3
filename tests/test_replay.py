"""A recorded log through the engine without a broker."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from streams.names import Topics
from streams.replay import Replay, ReplayRecord, UnreadableLineError, read_line
from tests.model import Record
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
    transitions = engine.finish(None if until is None else clock_ms(until))
    return [(clock(it.boundary_ms), it.reason) for it in transitions]


def clock(time_ms: int) -> str:
    minutes = (time_ms - clock_ms("00:00")) // 60_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


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
    assert [alert.app_key for alert in alerts] == sorted(f"app-{number}" for number in range(20))
    assert not engine.summary.rejected.total()


def test_alerts_of_all_topics_are_in_one_order() -> None:
    log = [delivery("12:00", 500, app="a"), check("12:00", 503, app="b"), check("12:00", 503, app="a")]
    engine = replay(*log, objectives=("webhook-delivery-15m", "app-availability-15m"))
    assert [(it.objective.metric, it.app_key) for it in engine.finish()] == [
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
    assert [(t.objective.name, clock(t.boundary_ms), t.reason.value) for t in engine.finish()] == [
        ("short", "12:02", "BELOW_OBJECTIVE"),
        ("slow", "12:05", "BELOW_OBJECTIVE"),
    ]


def test_the_summary() -> None:
    garbage = delivery("12:00")._replace(value=b"{")
    late, early = delivery("11:00"), delivery("13:00", arrives="12:30")
    other = delivery("12:00")._replace(topic="slo.apps.v1")
    engine = replay(delivery("12:30"), garbage, late, early, other)
    summary = engine.summary
    assert (summary.events, summary.other_topics, summary.last_event_ms) == (4, 1, clock_ms("12:30"))
    assert {reason.value: count for reason, count in summary.rejected.items() if count} == {
        "not_json": 1,
        "too_late": 1,
        "future_time": 1,
    }


def test_without_a_usable_record_nothing_is_judged() -> None:
    assert found(replay(delivery("12:00")._replace(value=b"[]")), "13:00") == []
    assert found(replay()) == []


def test_a_metric_without_an_objective_is_read_and_not_judged() -> None:
    assert found(replay(check("12:00", 503)), "13:00") == []


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
    assert read == ReplayRecord("t", "a" if b"appKey" in (value or b"") else None, value, None, 9)


def test_a_line_keeps_its_timestamp() -> None:
    assert read_line(b'{"topic":"t","timestamp":5}', 1).timestamp == 5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
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
    as_object = orjson.dumps({"topic": it.topic, "value": orjson.loads(it.value or b"")})
    assert read_line(as_object, 1) == read_line(line(it), 1)
