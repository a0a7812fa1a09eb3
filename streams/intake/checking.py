"""The careful way to read one record: by its public schema, with the reason where it cannot be used."""

from dataclasses import dataclass
from typing import Final, TypeVar

import orjson
from pydantic import ValidationError

from schemas.complaint import complaint
from schemas.json_text import read_json
from schemas.record import Record
from schemas.rejected import RejectReason
from streams.intake.envelope import UNMARKED, UnusableEnvelopeError, is_envelope, is_structured, unwrapped
from streams.kafka.chunk import SourceRecord
from streams.kafka.excerpt import KEPT_BYTES, Excerpt, excerpt, value_bytes

MAX_VALUE_BYTES: Final = KEPT_BYTES

Model = TypeVar("Model", bound=Record)


@dataclass(frozen=True, slots=True)
class Rejection:
    """What is kept of a record that could not be used, and why it could not."""

    record: Excerpt
    reason: RejectReason
    detail: str

    @classmethod
    def of(cls, record: SourceRecord, reason: RejectReason, detail: str) -> "Rejection":
        """Rejection of a record, cut to what is kept of it."""
        return cls(excerpt(record), reason, detail)


def needs_care(record: SourceRecord) -> bool:
    """Whether only `checked` may read it, though a decoder might take it."""
    return value_bytes(record) > MAX_VALUE_BYTES or is_structured(record)


def checked(model: type[Model], record: SourceRecord) -> Model | Rejection:
    """What a record says."""
    if not record.value:
        return Rejection.of(record, RejectReason.NOT_JSON, "the value is empty")
    if (size := value_bytes(record)) > MAX_VALUE_BYTES:
        return Rejection.of(record, RejectReason.TOO_LARGE, f"{size:,} bytes; at most {MAX_VALUE_BYTES:,}")
    structured = is_structured(record)
    document = None
    try:
        document = read_json(record.value)
        return model.model_validate(unwrapped(document) if structured else document)
    except orjson.JSONDecodeError as problem:
        return Rejection.of(record, RejectReason.NOT_JSON, str(problem))
    except UnusableEnvelopeError as problem:
        return Rejection.of(record, problem.reason, str(problem))
    except ValidationError as problem:
        is_unmarked = not structured and is_envelope(document)
        return Rejection.of(record, RejectReason.SCHEMA, UNMARKED if is_unmarked else complaint(problem))
