"""A log as lines of JSON: how `export` writes records, and how `replay` reads them, whoever wrote them.

    {"topic": "slo.webhook.v1", "partition": 3, "offset": 17, "timestamp": 1772452800000, "key": "com.example.charts",
     "headers": [["content-type", "application/json"]], "value": {...}}

Only `topic` is required. `value` is an object, taken byte for byte, or a text with the bytes in it. Bytes that are not
UTF-8 are written as the escapes `\\udc80` to `\\udcff`, as Python's `surrogateescape` has them.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from streams.kafka.chunk import SourceRecord

Header = tuple[str, bytes | None]

NO_TIMESTAMP: Final = -1
"""How a line says that Kafka had no timestamp for the record; absent: the event's own time stands for it."""

_EXPECTED: Final = 'not an object with a "topic"; expected {"topic", "key", "value", "timestamp"}'
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?+|[\[\]{},:]', re.DOTALL)


class UnreadableLineError(Exception):
    """A line that is not a record of the replay format."""


@dataclass(frozen=True, slots=True)
class ReplayRecord:
    """A record of a log: what a broker would have stored. `offset`: its number in the file where the line has none."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp: int | None
    offset: int
    headers: tuple[Header, ...] = ()
    timestamp_type: int | None = None

    def put_right(self, app_key: str, time_ms: int) -> "ReplayRecord":
        """An event under the key of its app, and at its own time where its line has no timestamp."""
        timestamp = time_ms if self.timestamp is None else self.timestamp
        return ReplayRecord(self.topic, app_key.encode(), self.value, timestamp, self.offset, self.headers)


class _Line(msgspec.Struct):
    """A line as it is written; `value` is read by the engine, as it would be from a broker."""

    topic: Any = None
    key: Any = None
    value: msgspec.Raw = msgspec.Raw(b"null")
    timestamp: Any = None
    partition: Any = None
    offset: Any = None
    headers: Any = None


_LINES = msgspec.json.Decoder(_Line)


def read_line(line: bytes, number: int) -> ReplayRecord:
    """The record of one line. What is wrong inside of `value` is for the engine to say, as it does of a broker's.

    Raises:
        UnreadableLineError: not such a line.
    """
    try:
        read = _LINES.decode(line)
    except msgspec.ValidationError as problem:
        raise UnreadableLineError(_EXPECTED) from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        read = _slowly(line, problem)
    if not isinstance(read.topic, str):
        raise UnreadableLineError(_EXPECTED)
    for name, whole in (("timestamp", read.timestamp), ("partition", read.partition), ("offset", read.offset)):
        if whole is not None and type(whole) is not int:
            kind = "integer epoch milliseconds" if name == "timestamp" else "an integer"
            raise UnreadableLineError(f'"{name}" is not {kind}')
    return ReplayRecord(
        topic=read.topic,
        key=_bytes_of(read.key) if isinstance(read.key, str) else None,
        value=_value_of(bytes(read.value)),
        timestamp=read.timestamp,
        offset=number if read.offset is None else read.offset,
        headers=() if read.headers is None else _headers_of(read.headers),
    )


def line_of(topic: str, partition: int, record: SourceRecord) -> bytes:
    """The line of a record, without its end; `read_line` gives back the same key, value and headers, byte for byte."""
    timestamp = NO_TIMESTAMP if record.timestamp is None else record.timestamp
    line = b'{"topic":%b,"partition":%d,"offset":%d,"timestamp":%d,"key":%b' % (
        _text(topic.encode()),
        partition,
        record.offset,
        timestamp,
        _text(record.key),
    )
    if record.headers:
        line += b',"headers":[%b]' % b",".join(b"[%b,%b]" % (_text(n.encode()), _text(v)) for n, v in record.headers)
    return line + b',"value":%b}' % _written(record.value)


def _slowly(line: bytes, problem: Exception) -> _Line:
    """A line that msgspec cannot read, for half a surrogate pair or its depth: cut into members, each read alone."""
    try:
        members = _members(line)
        value = members.pop("value", b"null")
        named = {name: _loads(written) for name, written in members.items() if name in _Line.__struct_fields__}
    except (ValueError, RecursionError):
        raise UnreadableLineError(f"not JSON: {problem}") from problem
    return _Line(**named, value=msgspec.Raw(value))


def _members(line: bytes) -> dict[str, bytes]:
    """Name -> what is written for it, of the members of an object; nothing of that is read.

    Raises:
        ValueError: not one whole object.
    """
    members: dict[str, bytes] = {}
    name: str | None = None
    depth = start = 0
    line = line.strip()
    for token in _TOKEN.finditer(line):
        mark = token[0]
        if mark in b"[{":
            depth += 1
            if depth == 1:
                start = token.end()
        elif depth == 1 and mark == b":":
            name = _loads(line[start : token.start()])
            start = token.end()
        elif depth == 1 and mark in b",}":
            members[str(name)] = line[start : token.start()].strip()
            start = token.end()
        if mark in b"]}":
            depth -= 1
    if not line.startswith(b"{") or depth or start != len(line) or not all(members.values()):
        raise ValueError
    return members


def _value_of(written: bytes) -> bytes | None:
    if written == b"null":
        return None
    try:
        return _bytes_of(_loads(written)) if written.startswith(b'"') else written
    except ValueError as problem:
        raise UnreadableLineError(f"not JSON: {problem}") from problem


def _loads(written: bytes) -> Any:
    """JSON with half surrogate pairs left as they are; bytes alone would be read leniently."""
    return json.loads(written.decode())


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise UnreadableLineError("half a surrogate pair is no text; bytes are written as \\udc80 to \\udcff") from None


def _headers_of(pairs: Any) -> tuple[Header, ...]:
    if isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        headers = [(name, value) for name, value in pairs]
        if all(isinstance(name, str) and (value is None or isinstance(value, str)) for name, value in headers):
            return tuple((name, None if value is None else _bytes_of(value)) for name, value in headers)
    raise UnreadableLineError('"headers" is not a list of pairs, [[name, text or null], ...]')


def _text(raw: bytes | None) -> bytes:
    if raw is None:
        return b"null"
    try:
        return orjson.dumps(raw.decode())
    except UnicodeDecodeError:
        return json.dumps(raw.decode(errors="surrogateescape")).encode()


def _written(value: bytes | None) -> bytes:
    """An object on one line as it is; all else as a text."""
    if value is not None and value[:1] == b"{" and value[-1:] == b"}" and b"\n" not in value:
        try:
            orjson.loads(value)
        except orjson.JSONDecodeError:
            return _text(value)
        return value
    return _text(value)
