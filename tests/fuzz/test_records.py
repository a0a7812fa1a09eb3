"""Whatever bytes arrive: each record is observed, rejected with a reason or put right, as the model reads it."""

import base64
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.rejected import RejectReason
from streams.names import METRICS, WEBHOOK, Metric
from tests.build import Stored
from tests.fuzz.corpus import corpus, words
from tests.fuzz.records import ALL_METRICS, OWN_MARK, check, expected

law = settings(max_examples=300, deadline=None, print_blob=True)


def changed(draw: st.DrawFn, raw: bytes) -> bytes:
    """Some bytes replaced, left out, doubled or put in."""
    value = bytearray(raw)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(value)))
        end = min(len(value), start + draw(st.integers(0, 6)))
        piece = draw(st.one_of(st.sampled_from(words()), st.binary(max_size=4), st.just(bytes(value[start:end]) * 2)))
        value[start:end] = piece
    return bytes(value)


@st.composite
def values(draw: st.DrawFn) -> bytes | None:
    """Anything, an example with some bytes changed, or one within an envelope."""
    raw = draw(st.one_of(st.none(), st.binary(max_size=40), st.sampled_from(corpus())))
    if raw is None:
        return None
    if draw(st.booleans()):
        raw = changed(draw, raw)
    match draw(st.integers(0, 9)):
        case 0:
            return b'{"specversion":"1.0","data":%b}' % raw
        case 1:
            return b'{"specversion":"1.0","data_base64":"%b"}' % base64.b64encode(raw)
    return raw


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "Content-Type", "contentType", "rerouted-from", "ce_id", ""]),
        st.sampled_from(
            [None, b"", b"application/cloudevents+json", b" application/CloudEvents+JSON ; x=y", b"\xff", OWN_MARK]
        ),
    ),
    max_size=3,
)
KEYS = st.sampled_from([None, b"", b"\xff", b"com.example.charts", b"com.example.app"])
TIMESTAMPS = st.sampled_from([None, -1, 0, 1_648_136_352_345, 2**62])


@st.composite
def records(draw: st.DrawFn) -> Stored:
    """A record of anything, mostly under the key of the event in it."""
    value = draw(values())
    key = app_key_of(value) if draw(st.booleans()) else draw(KEYS)
    return Stored(offset=0, timestamp=draw(TIMESTAMPS), key=key, value=value, headers=tuple(draw(HEADERS)))


def app_key_of(value: bytes | None) -> bytes | None:
    try:
        document: Any = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    app_key = document.get("appKey") if isinstance(document, dict) else None
    return app_key.encode() if isinstance(app_key, str) else None


@law
@given(some=st.lists(records(), min_size=1, max_size=4), metric=st.sampled_from(ALL_METRICS))
def test_every_record_comes_out_once_and_as_the_model_reads_it(some: list[Stored], metric: Metric) -> None:
    check(some, metric)


NOWHERE: list[tuple[str, bytes, RejectReason]] = [
    ("a depth bomb", b'{"appKey":' + b"[" * 5_000, RejectReason.NOT_JSON),
    ("a deep field nobody knows", b'{"new":' + b"[" * 2_000 + b"]" * 2_000 + b"}", RejectReason.NOT_JSON),
    ("a lone surrogate", b'{"appKey":"\\ud800"}', RejectReason.SCHEMA),
    ("half a surrogate in UTF-8", b'{"appKey":"\xed\xa0\x80"}', RejectReason.NOT_JSON),
    ("a byte order mark", b"\xef\xbb\xbf{}", RejectReason.NOT_JSON),
    ("an endless number", b'{"time":' + b"9" * 60_000 + b"}", RejectReason.SCHEMA),
    ("a text without end", b'{"appKey":"' + b"\\" * 60_000, RejectReason.NOT_JSON),
    ("quotes within it", b'{"appKey":"' + b'\\"' * 30_000, RejectReason.NOT_JSON),
    ("half pairs within it", b'{"appKey":"' + b"\\ud800" * 10_000, RejectReason.NOT_JSON),
    ("nothing but quotes", b'"' * 60_001, RejectReason.NOT_JSON),
    ("nothing but signs", b"-" * 60_000, RejectReason.NOT_JSON),
    ("a name and spaces", b'{"\\ud800"' + b" " * 60_000 + b"x}", RejectReason.NOT_JSON),
    ("texts of half pairs", b"[" + b'"\\ud800",' * 6_000 + b"0]", RejectReason.SCHEMA),
    ("numbers beyond a double", b"[" + b"1e999," * 10_000 + b"0]", RejectReason.SCHEMA),
    ("too large to be looked at", b"[" * 65_537, RejectReason.TOO_LARGE),
]


@pytest.mark.parametrize(("value", "reason"), [case[1:] for case in NOWHERE], ids=[case[0] for case in NOWHERE])
@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
@pytest.mark.timeout(10)  # reading takes milliseconds, and seconds where it is quadratic
def test_bombs(value: bytes, reason: RejectReason, metric: Metric) -> None:
    record = Stored(offset=0, timestamp=0, key=b"k", value=value)
    assert expected(record, metric) is reason
    check([record], metric)


def test_of_a_name_that_comes_twice_the_last_value_counts() -> None:
    """As every reader of JSON in the house does it: no check sees one value and the count another."""
    value = b'{"appKey":"a","time":1648136352345,"product":"Jira","clientKey":"c","event":"e","statusCode":200'
    doubled = value + b',"appKey":"com.example.other","statusCode":500}'
    record = Stored(offset=0, timestamp=None, key=b"com.example.other", value=doubled)
    said = expected(record, WEBHOOK)
    assert isinstance(said, tuple)
    assert said[0] == "com.example.other"
    check([record], WEBHOOK)
