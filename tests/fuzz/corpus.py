"""Where fuzzing starts from: the examples of the schemas, good and bad, and what their readers differ about."""

import base64
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from schemas.json_text import read_json
from streams.names import METRICS

_WEBHOOK: Final = (
    b'{"appKey":"com.example.charts","time":1648136352345,"product":"Jira",'
    b'"clientKey":"5b1c","event":"e","statusCode":200}'
)
_EXAMPLES: Final = Path(__file__).parents[2] / "schemas" / "examples"


@cache
def corpus() -> tuple[bytes, ...]:
    """The bytes of every example of an input event; a bad one lies in a file of its own beside its complaints."""
    found = [path.read_bytes() for path in sorted((_EXAMPLES / "bad" / "not-json").glob("*"))]
    for metric in METRICS.values():
        found += [path.read_bytes() for path in sorted((_EXAMPLES / "good" / metric.record).glob("*.json"))]
        for path in sorted((_EXAMPLES / "bad" / metric.record).glob("*.json")):
            found += [orjson.dumps(part) for part in read_json(path.read_bytes()).values()]
    return (*found, *_beyond_python(), *_envelopes())


def _beyond_python() -> Iterator[bytes]:
    """A webhook delivery with JSON for which Python has no value, or no room, in every kind of field."""
    for written in (b'"\\ud800"', b'"\\ude00\\ud83d"', b"1e999", b"-1e999", b"9" * 400, b"[" * 1_000 + b"]" * 1_000):
        for name in (b"error", b"unknown", b"clientKey", b"statusCode", b"durationInMillis", b"time"):
            yield _WEBHOOK[:-1] + b',"%b":%b}' % (name, written)
        yield _WEBHOOK[:-1] + b',"unknown":{"a":[%b,{"\\udfff":%b}]}}' % (written, written)


def _envelopes() -> Iterator[bytes]:
    """CloudEvents in structured mode."""
    yield b'{"specversion":"1.0","id":"1","source":"s","type":"t","data":%b}' % _WEBHOOK
    yield b'{"specversion":"1.0","data_base64":"%b"}' % base64.b64encode(_WEBHOOK)
    yield b'{"specversion":"1.0","data":null,"data_base64":"e30="}'
    yield b'{"specversion":"1.0","data_base64":"="}'


@cache
def words() -> tuple[bytes, ...]:
    """Pieces that mean something to a JSON reader or to the schemas, for a fuzzer to put together."""
    literals = (
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b"1e400",
        b"-0",
        b"1.0",
        b"9223372036854775808",
        b"\\ud800",
        b"1e999",
    )
    marks = (b"{", b"}", b"[", b"]", b'"', b":", b",", b"\\", b"\\u0000", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf")
    names = {b'"%b"' % word for one in corpus() for word in one.split(b'"')[1::2] if len(word) <= 40}
    return (*literals, *marks, *sorted(names))
