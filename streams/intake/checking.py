"""The careful way to read one record: by its public schema, with the reason where it cannot be used."""

from dataclasses import dataclass
from typing import Final, TypeVar

import orjson
from pydantic import ValidationError

from schemas.complaint import complaint
from schemas.record import Record
from schemas.rejected import RejectReason
from streams.kafka.chunk import SourceRecord

MAX_VALUE_BYTES: Final = 64 * 1024

Model = TypeVar("Model", bound=Record)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that could not be used, and why."""

    record: SourceRecord
    reason: RejectReason
    detail: str


def needs_care(record: SourceRecord) -> bool:
    """Whether only `checked` may read it, though a decoder might take it."""
    return len(record.value or b"") > MAX_VALUE_BYTES or _is_structured(record)


def checked(model: type[Model], record: SourceRecord) -> Model | Rejection:
    """What a record says."""
    if not record.value:
        return Rejection(record, RejectReason.NOT_JSON, "the value is empty")
    if len(record.value) > MAX_VALUE_BYTES:
        return Rejection(record, RejectReason.TOO_LARGE, f"{len(record.value):,} bytes; at most {MAX_VALUE_BYTES:,}")
    try:
        document = orjson.loads(record.value)
    except orjson.JSONDecodeError as problem:
        return Rejection(record, RejectReason.NOT_JSON, str(problem))
    if _is_structured(record) and isinstance(document, dict):
        document = document.get("data")
    try:
        return model.model_validate(document)
    except ValidationError as problem:
        return Rejection(record, RejectReason.SCHEMA, complaint(problem))


def _is_structured(record: SourceRecord) -> bool:
    """Whether the value is a CloudEvent in structured mode, with the event in its `data`."""
    for name, value in record.headers:
        if name.lower() == "content-type" and value is not None:
            media_type = value.split(b";")[0].strip().lower()
            return media_type == b"application/cloudevents+json"
    return False
