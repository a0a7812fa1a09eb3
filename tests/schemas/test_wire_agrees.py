"""The fast decoder is never more lenient than the model, and never reads another value."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import EVENTS
from schemas.json_text import read_json
from schemas.record import Record
from schemas.wire import EventDecoder

DECODERS = {topic: EventDecoder(model) for topic, model in EVENTS.items()}
WEBHOOK = {"appKey": "a", "time": 1_648_136_352_345, "product": "Jira", "clientKey": "c", "event": "e"}

# JSON as it is written, not values: most differences between readers lie in the spelling.
TEXTS = [
    b'"a"',
    b'""',
    b'"\\u0041"',
    b'"\\ud83d\\ude00"',
    b'"\\ud83d"',
    b'"\\udc00"',
    b'"\\ud83dx"',
    b'"\xff"',
    b'"\xc3"',
]
TEXTS += [
    b'"\xc3\xbc"',
    b'"\xed\xa0\x80"',
    b'"\xf4\x90\x80\x80"',
    b'"\x00"',
    b'"\\u0000"',
    b'"\x7f"',
    b'"\\x41"',
    b'"\\/"',
]
TEXTS += [
    b'"' + unit * count + b'"' for unit in (b"x", b"\xc3\xbc", b"\xf0\x9f\x98\x80") for count in (256, 257, 2_049)
]
TEXTS += [b'"HOST"', b'"APP"', b'"SUCCESS"', b'"PLATFORM"', b'"installed"', b'"APP\\u0000"', b'"\\u0041PP"', b'"app"']
TIMES = [b'"2022-03-24T15:40:00Z"', b'"2022-03-24T15:40:00.1234+01:00"', b'"2022-02-29T15:40:00Z"', b"1648136352345"]
TIMES += [b"1648136352345.0", b"1.648136352345e12", b"946684799999", b"4133980799999", b"4133980800000"]
NUMBERS = [
    b"0",
    b"-0",
    b"200",
    b"200.0",
    b"2e2",
    b"-1",
    b"0.1",
    b"-0.0",
    b"-1e-400",
    b"1e308",
    b"1e400",
    b"-1e400",
    b"01",
]
NUMBERS += [
    b"1.",
    b".5",
    b"+1",
    b"0x10",
    b"1e",
    b"1" + b"0" * 400,
    b"0." + b"1" * 400,
    b"123456789012345678901234567890",
]
NUMBERS += [str(2**bits + step).encode() for bits in (31, 53, 63, 64) for step in (-1, 0, 1)]
NUMBERS += [str(-(2**63) + step).encode() for step in (-1, 0, 1)] + [b"9007199254740993.0", b"2.2250738585072011e-308"]
OTHERS = [
    b"null",
    b"true",
    b"false",
    b"NaN",
    b"Infinity",
    b"nul",
    b"",
    b"{}",
    b"[]",
    b"[1,]",
    b'{"a":1e400}',
    b'{"\xff":1}',
]
OTHERS += [b"[" * depth + b"]" * depth for depth in (900, 1_030)]

spelled = (
    st.sampled_from(TEXTS)
    | st.sampled_from(TIMES)
    | st.sampled_from(NUMBERS)
    | st.sampled_from(OTHERS)
    | st.floats(min_value=0, allow_infinity=False).map(orjson.dumps)
    | st.integers().map(lambda number: str(number).encode())
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda number: str(number).encode())
    | st.text(max_size=5).map(orjson.dumps)
)


def valid(topic: str) -> st.SearchStrategy[dict[str, Any]]:
    """Records that keep every rule, optional fields absent, null or given."""
    text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
    number = st.integers(0, 10**30).map(float) | st.floats(0, allow_infinity=False) | st.integers(0, 2**63 - 1)
    time = st.sampled_from([1_648_136_352_345, "2022-03-24T15:40:00Z", "2022-03-24t15:40:00.98765+01:00"])
    status = st.integers(-(2**63), 2**63 - 1)
    closed = {
        "source": ["HOST", "APP"],
        "status": ["SUCCESS", "FAIL"],
        "lifecycle": ["installed", "uninstalled", "enabled", "disabled"],
        "faultOwner": ["APP", "PLATFORM"],
    }
    by_name = {"time": time, "statusCode": status, "durationInMillis": number, "bridgeInMillis": number}
    by_name |= {name: st.sampled_from(values) for name, values in closed.items()}
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in EVENTS[topic].model_fields.items():
        written = field.alias or name
        strategy = by_name.get(written, text)
        if field.is_required():
            required[written] = strategy
        else:
            optional[written] = st.none() | strategy
    return st.fixed_dictionaries(required, optional=optional)


@st.composite
def near_valid(draw: st.DrawFn, topic: str) -> bytes:
    """A record with a few fields spelled anew, doubled, unknown or left out, and now and then a byte changed."""
    record = draw(valid(topic))
    members = [(orjson.dumps(name), orjson.dumps(value)) for name, value in record.items()]
    names = [orjson.dumps(field.alias or name) for name, field in EVENTS[topic].model_fields.items()]
    names += [b'"unknown"', b'"\xff"', b'"\\u0074ime"', b'"\\ud800"', b'"\x01"']
    for name in draw(st.lists(st.sampled_from(names), max_size=2)):
        if draw(st.booleans()):
            members = [member for member in members if member[0] != name]
        members.insert(draw(st.integers(0, len(members))), (name, draw(spelled)))
    space = draw(st.sampled_from([b"", b" ", b"\n", b"\t\r", b"\x0b", b"\xc2\xa0"])) if draw(st.booleans()) else b""
    raw = b"{" + b",".join(space + name + b":" + space + value for name, value in members) + b"}" + space
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.binary(max_size=2)) + raw[at + draw(st.integers(0, 2)) :]
    return raw


def assert_same(model: type[Record], event: Any, raw: bytes) -> None:
    """The decoded event is what the model reads, apart from what nobody reads."""
    read = {name: value for name, value in model.model_validate(read_json(raw)) if name != "error"}
    decoded = {name: getattr(event, name) for name in read}
    assert decoded == read
    assert [type(value) for value in decoded.values()] == [type(value) for value in read.values()]


def assert_not_more_lenient(topic: str, raw: bytes) -> None:
    """Either the decoder refuses the value, or the model reads it just so."""
    [event] = DECODERS[topic].decode([raw])
    if event is not None:
        assert_same(EVENTS[topic], event, raw)


@pytest.mark.parametrize("topic", EVENTS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_what_the_decoder_accepts_the_model_accepts_with_equal_values(topic: str, data: st.DataObject) -> None:
    assert_not_more_lenient(topic, data.draw(near_valid(topic)))


@pytest.mark.parametrize("topic", EVENTS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_valid_events_take_the_fast_way(topic: str, data: st.DataObject) -> None:
    records = data.draw(st.lists(valid(topic), min_size=1, max_size=3))
    values = [orjson.dumps(record) for record in records]
    for event, raw in zip(DECODERS[topic].decode(values), values, strict=True):
        assert_same(EVENTS[topic], event, raw)


@pytest.mark.parametrize("name", ["unknown", "time", "event", "statusCode", "durationInMillis", "faultOwner"])
def test_every_spelling_in_every_kind_of_field(name: str) -> None:
    others = b",".join(orjson.dumps(key) + b":" + orjson.dumps(WEBHOOK[key]) for key in WEBHOOK if key != name)
    for spelling in (*TEXTS, *TIMES, *NUMBERS, *OTHERS):
        assert_not_more_lenient("webhook", b'{"%b":%b,%b}' % (name.encode(), spelling, others))


def test_a_broken_value_costs_only_itself_the_fast_way() -> None:
    good = orjson.dumps(WEBHOOK)
    evolved = orjson.dumps(WEBHOOK | {"traceId": "t"})
    head, tail = good[:20], good[20:]
    values = [good, head, tail, b" ", b"", good + b"," + good, evolved, good]
    accepted = [event is not None for event in DECODERS["webhook"].decode(values)]
    assert accepted == [True, False, False, False, False, False, True, True]


@pytest.mark.parametrize("mix", [("usual", "deep"), ("evolved", "deep", "usual"), ("broken",), ("text", "broken")])
def test_a_value_is_read_once_in_each_way_at_most(mix: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lie beside it that need the slow ways: a flood of them costs their own time only."""
    spelled = {
        "usual": orjson.dumps(WEBHOOK),
        "text": orjson.dumps(WEBHOOK | {"time": "2022-03-24T15:40:00Z"}),
        "evolved": orjson.dumps(WEBHOOK | {"traceId": "t"}),
        "deep": orjson.dumps(WEBHOOK)[:-1] + b',"new":' + b"[" * 1_000 + b"]" * 1_000 + b"}",
        "broken": b"{",
    }
    decoder = EventDecoder(EVENTS["webhook"])
    times: Counter[str] = Counter()

    def counted(name: str) -> Callable[[bytes], Any]:
        decode = getattr(decoder, name)

        def counting(value: bytes) -> Any:
            times[name] += 1
            return decode(value)

        return counting

    for name in ("_usual", "_exact", "_tolerant"):
        monkeypatch.setattr(decoder, name, counted(name))
    values = [spelled[kind] for kind in mix] * 200
    assert len(decoder.decode(values)) == len(values)
    assert max(times.values()) <= len(values)


@given(places=st.lists(st.sampled_from(["usual", "text", "evolved", "odd", "broken"]), max_size=12))
def test_what_lies_beside_a_value_changes_nothing(places: list[str]) -> None:
    spelled = {
        "usual": orjson.dumps(WEBHOOK),
        "text": orjson.dumps(WEBHOOK | {"time": "2022-03-24T15:40:00Z", "clientKey": "text"}),
        "evolved": orjson.dumps(WEBHOOK | {"traceId": "t", "clientKey": "evolved"}),
        "odd": orjson.dumps(WEBHOOK)[:-1] + b',"error":1e400}',
        "broken": b"{",
    }
    events = DECODERS["webhook"].decode([spelled[place] for place in places])
    alone = [DECODERS["webhook"].decode([spelled[place]])[0] for place in places]
    assert [event and (event.time, event.client_key) for event in events] == [
        event and (event.time, event.client_key) for event in alone
    ]
    assert [event is None for event in events] == [place == "broken" for place in places]


def test_an_impossible_number_that_a_later_field_of_the_same_name_replaces_is_left_to_the_model() -> None:
    huge = b'{"time":1' + b"0" * 400 + b',"appKey":"a","time":1648136352345,"baseUrl":"b"}'
    assert EventDecoder(EVENTS["healthcheck"]).decode([huge]) == [None]
    assert EVENTS["healthcheck"].model_validate(read_json(huge))
