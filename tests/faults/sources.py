"""Events that are wrong in themselves: late, early, broken, or told by a clock that is off."""

import random
import time
from typing import Any, Final

import orjson

from streams.names import WEBHOOK, Topics
from tests.e2e.flow import Flow
from tests.e2e.test_bad_input import BAD
from tests.faults.traffic import Source, everything
from tests.model import Record, murmur2_partition
from tests.model.build import ORDINARY
from tests.model.generate import HOUR_MS

_YEAR_MS: Final = 365 * 24 * HOUR_MS
_POISON_ONE_IN: Final = 4
_HUGE_ONE_IN: Final = 200
_HUGE_BYTES: Final = 2_000_000
_APPS: Final = 20
_MOOD_MS: Final = 20_000


def late_and_future(rng: random.Random, flow: Flow, now_ms: int) -> list[Record]:
    """A log whose every fifth event happened up to two hours before it arrived, and every fiftieth in a year."""
    return [_at_another_time(record, rng) for record in everything(rng, flow, now_ms)]


def _at_another_time(record: Record, rng: random.Random) -> Record:
    shift_ms = -rng.randrange(2 * HOUR_MS) if rng.random() < 0.2 else _YEAR_MS if rng.random() < 0.02 else 0
    event = _event(record)
    if not shift_ms or event is None or record.timestamp_ms is None:
        return record
    return record._replace(value=orjson.dumps(event | {"time": record.timestamp_ms + shift_ms}))


def _event(record: Record) -> dict[str, Any] | None:
    try:
        event = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and "time" in event else None


def poisoned(rng: random.Random, flow: Flow, now_ms: int) -> list[Record]:
    """A log whose every fourth value is none: from a corpus of bad ones, or a good one with some bytes changed."""
    return [
        _poisoned(record, rng) if rng.randrange(_POISON_ONE_IN) == 0 else record
        for record in everything(rng, flow, now_ms)
    ]


def _poisoned(record: Record, rng: random.Random) -> Record:
    value = _poison(record.value or b"", rng)
    # The producer takes no record without a key and a value.
    return record._replace(value=b"" if value is None and record.key is None else value)


def _poison(value: bytes, rng: random.Random) -> bytes | None:
    if rng.randrange(_HUGE_ONE_IN) == 0:
        return rng.randbytes(_HUGE_BYTES)
    if rng.random() < 0.5:
        return rng.choice(BAD)[1]
    changed = bytearray(value)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed) + 1)
        changed[place : place + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
    return bytes(changed)


def told_by_a_clock(ahead_ms: int = 0) -> Source:
    """Webhook deliveries of some apps as they happen, each app well and unwell in turn, by a clock that may be off."""

    def source(rng: random.Random, flow: Flow, now_ms: int) -> list[Record]:
        told_ms = time.time_ns() // 1_000_000 + ahead_ms
        return [_delivery(f"com.example.app-{rng.randrange(_APPS)}", told_ms, rng, flow) for _ in range(_APPS)]

    return source


def _delivery(app: str, told_ms: int, rng: random.Random, flow: Flow) -> Record:
    is_well = (told_ms // _MOOD_MS + sum(app.encode())) % 2 == 0
    status = 204 if is_well or rng.random() < 0.5 else 500
    value = {"appKey": app, "time": told_ms, **ORDINARY[WEBHOOK.id], "statusCode": status}
    partition = murmur2_partition(app.encode(), flow.partitions)
    return Record(Topics().input(WEBHOOK), partition, app.encode(), orjson.dumps(value), told_ms)
