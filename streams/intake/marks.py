"""Marks of copies: a record that was produced onto an input topic once more says by whom, and of what.

    rerouted-from       <application>/<topic>/<partition>@<offset>           misplaced there, put right by a worker
    rerouted-timestamp  <epoch ms>, -1: none                                 Kafka's of then, where the copy has another
    redriven-from       <application>/<reason>/<topic>/<partition>@<offset>  rejected there first, sent once more

Several applications read the same topics, and each makes its own copies. So each counts its own alone: with another's
beside them, one event would count twice.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from streams.kafka.chunk import Header, SourceRecord
from streams.kafka.excerpt import Excerpt

REROUTED_FROM: Final = "rerouted-from"
REROUTED_TIMESTAMP: Final = "rerouted-timestamp"
REDRIVEN_FROM: Final = "redriven-from"
NO_TIMESTAMP: Final = -1
"""How Kafka writes that a record has none."""

MARKS: Final = frozenset((REROUTED_FROM, REDRIVEN_FROM))
"""Names of the headers that only a copy has."""
_MARK: Final = re.compile(
    rb"(?P<application>[\w.-]{1,100})/(?:(?P<reason>[\w.-]{1,50})/)?"
    rb"(?P<topic>[\w.-]{1,249})/(?P<partition>\d{1,10})@(?P<offset>\d{1,19})"
)
_TIMESTAMP: Final = re.compile(rb"-1|\d{1,18}")


@dataclass(frozen=True, slots=True)
class CopyMark:
    """Who made a copy, and of which record. `reason`: why that was rejected, None for one that was misplaced."""

    application: str
    topic: str
    partition: int
    offset: int
    reason: str | None = None

    @property
    def header(self) -> tuple[str, bytes]:
        """Header value that the copy carries."""
        place = f"{self.topic}/{self.partition}@{self.offset}"
        if self.reason is None:
            return REROUTED_FROM, f"{self.application}/{place}".encode()
        return REDRIVEN_FROM, f"{self.application}/{self.reason}/{place}".encode()


def read_mark(name: str, value: bytes | None) -> CopyMark | None:
    """The mark that a header of a copy is; None where it names no application."""
    found = _MARK.fullmatch(value or b"")
    if found is None or (found["reason"] is None) is not (name == REROUTED_FROM):
        return None
    application, topic = found["application"].decode(), found["topic"].decode()
    reason = None if found["reason"] is None else found["reason"].decode()
    return CopyMark(application, topic, int(found["partition"]), int(found["offset"]), reason)


def is_foreign(headers: Iterable[Header], application: str) -> bool:
    """Whether this is a copy that another application made, or nobody knows who: it counts nowhere here."""
    for name, value in headers:
        if name in MARKS:
            mark = read_mark(name, value)
            if mark is None or mark.application != application:
                return True
    return False


def is_rerouted(headers: Iterable[Header]) -> bool:
    """Whether this is a copy of a misplaced record."""
    return any(name == REROUTED_FROM for name, _ in headers)


def is_original(headers: Sequence[Header], application: str) -> bool:
    """Whether whoever counts records where they lie, as a replay does, counts this one: no copy, but a redriven one."""
    return not is_rerouted(headers) and not is_foreign(headers, application)


def redriven_from(headers: Iterable[Header]) -> CopyMark | None:
    """Mark of a redriven copy: which rejected record it copies; None for any other record."""
    return next((read_mark(name, value) for name, value in headers if name == REDRIVEN_FROM), None)


def without(headers: Iterable[Header], *names: str) -> list[Header]:
    """The headers that have none of these names."""
    return [header for header in headers if header[0] not in names]


def timestamp_ms(record: SourceRecord) -> int | None:
    """When Kafka had a record first: of a copy what it says of its original, at most its own timestamp."""
    own_ms = record.timestamp
    if own_ms is None or not is_rerouted(record.headers):
        return own_ms
    told = next((value for name, value in record.headers if name == REROUTED_TIMESTAMP), None)
    return own_ms if told is None or _TIMESTAMP.fullmatch(told) is None else min(int(told), own_ms)


@dataclass(frozen=True, slots=True)
class Dated:
    """A copy with the timestamp of its original."""

    offset: int
    timestamp: int | None
    timestamp_type: int | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]


def dated(record: SourceRecord) -> SourceRecord:
    """The record, with the timestamp that is meant wherever a record's is."""
    at_ms = timestamp_ms(record)
    if at_ms == record.timestamp:
        return record
    if isinstance(record, Excerpt):
        return replace(record, timestamp=at_ms)
    return Dated(record.offset, at_ms, record.timestamp_type, record.key, record.value, record.headers)
