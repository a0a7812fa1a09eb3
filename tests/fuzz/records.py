"""Any bytes as a record: read, or turned away with a reason, and never anything else.

What the evaluator's fast way says is held against the slow one: `orjson`, then the pydantic model of the schema.
"""

from collections.abc import Sequence
from typing import Final

import orjson
from pydantic import ValidationError

from schemas.rejected import Reason
from schemas.topics import EVENTS
from streams.evaluation.judgement import BAD, GOOD, NOT_COUNTED
from streams.intake.admission import Admission
from streams.intake.chunk import SourceRecord
from streams.names import METRICS, Metric
from streams.outlet.misfits import Misfits
from streams.outlet.outgoing import Outgoing
from tests.build import Stored

MAX_VALUE_BYTES: Final = 64 * 1024
FUTURE_MS: Final = 60_000
_OUTCOMES: Final = (GOOD, BAD, NOT_COUNTED)
_STRUCTURED: Final = b"application/cloudevents+json"

Said = tuple[str, int] | Reason | None
"""(appKey, event time in ms), the reason it is rejected for, or None: it belongs elsewhere."""


def expected(record: SourceRecord, metric: Metric) -> Said:
    """What the interface says of a record, read by the model alone."""
    value = record.value or b""
    if len(value) > MAX_VALUE_BYTES:
        return Reason.TOO_LARGE
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return Reason.NOT_JSON
    if _is_structured(record):
        document = document.get("data") if isinstance(document, dict) else None
    try:
        event = EVENTS[metric.record].model_validate(document)
    except ValidationError:
        return Reason.SCHEMA
    app_key, time_ms = getattr(event, "app_key"), getattr(event, "time")  # noqa: B009 - of every event model
    if record.key != app_key.encode():
        is_second_time = any(name == "rerouted-from" for name, _ in record.headers)
        return Reason.MISPLACED if is_second_time else None
    if record.timestamp is not None and 0 <= record.timestamp < time_ms - FUTURE_MS:
        return Reason.FUTURE_TIME
    return app_key, time_ms


def _is_structured(record: SourceRecord) -> bool:
    """By the first header that tells the type of the content."""
    types = [value for name, value in record.headers if name.lower() == "content-type" and value is not None]
    return bool(types) and types[0].split(b";")[0].strip().lower() == _STRUCTURED


def check(records: Sequence[Stored], metric: Metric) -> None:
    """Admit records together and one by one: both times each comes out once, as it must.

    Raises:
        AssertionError: one was lost, told of twice, or read differently than the model reads it.
    """
    numbered = [
        Stored(offset=offset, timestamp=one.timestamp, key=one.key, value=one.value, headers=one.headers)
        for offset, one in enumerate(records)
    ]
    wanted = {record.offset: expected(record, metric) for record in numbered}
    assert _said(numbered, metric) == wanted
    for record in numbered:
        assert _said([record], metric) == {record.offset: wanted[record.offset]}


def _said(records: Sequence[Stored], metric: Metric) -> dict[int, Said]:
    admission = Admission(metric, lambda _key: True)
    found: list[tuple[int, Said]] = []
    for app_key, scope, time_ms, seen_ms, outcome, record in admission.observations(records, None):
        assert type(time_ms) is int
        assert seen_ms <= time_ms
        assert outcome in _OUTCOMES
        assert isinstance(scope, str)
        found.append((record.offset, (app_key, time_ms)))
    misfits = Misfits(metric.record, 0, "rejected")
    for rejection in admission.rejected:
        assert rejection.detail
        assert misfits.rejected(rejection).headers
        found.append((rejection.record.offset, rejection.reason))
    for misplaced in admission.misplaced:
        rerouted = misfits.put_right(misplaced)
        assert isinstance(rerouted, Outgoing)
        assert rerouted.partition_key == misplaced.app_key.encode()
        found.append((misplaced.record.offset, None))
    assert len(found) == len(records)
    return dict(found)


ALL_METRICS: Final = tuple(METRICS.values())
