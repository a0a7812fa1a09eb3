"""Field types shared by the records, each with its limits. The fast decoder (`schemas.wire`) is derived from them."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from schemas.event_time import FIRST_MS, LAST_MS, PATTERN, epoch_ms

PROD: Final = "PROD"
"""The group of events that count; what an absent `group` means."""


@dataclass(frozen=True, slots=True)
class OnTheWire:
    """How a field is written in JSON, where that is not only its Python type: so, or otherwise, to be converted."""

    alike: Any
    otherwise: Any


@dataclass(frozen=True, slots=True)
class NobodyReads:
    """A field without meaning to any reader: usually written so, but whatever it holds makes no record unusable."""

    usually: Any


Text = Annotated[str, Field(min_length=1, max_length=256)]
"""A name, key or message; length in code points."""

BaseUrl = Annotated[str, Field(min_length=1, max_length=2_048)]
"""Where an app is served from. Not checked to be a URL: it names a series."""

StatusCode = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""The HTTP status of the answer; null when there was none (DNS, TLS, timeout). `200.0` and `2e2` are no integers."""

Milliseconds = Annotated[float, Field(ge=0)]
"""A duration; finite, without an upper bound."""

ErrorText = Annotated[
    Any,
    NobodyReads(usually=str | None),
    WithJsonSchema({"examples": ["dns: name or service not known", None]}),
]
"""Why there was no answer, for people: text of any length, null without one. Who shows it cuts it to 256 characters."""

FaultOwner = Literal["APP", "PLATFORM"]
"""Who has to repair a failure: failures of the platform are not counted against the app."""

EventTime = Annotated[
    int,
    BeforeValidator(epoch_ms),
    OnTheWire(alike=Annotated[int, Field(ge=FIRST_MS, le=LAST_MS)], otherwise=str),
    WithJsonSchema(
        {
            "description": "When it happened: RFC 3339 with an offset, or integer epoch milliseconds; "
            "years 2000 to 2100, floored to milliseconds.",
            "anyOf": [
                {"type": "string", "format": "date-time", "pattern": PATTERN},
                {"type": "integer", "minimum": FIRST_MS, "maximum": LAST_MS},
            ],
        }
    ),
]
"""When it happened; epoch milliseconds in Python, text or epoch milliseconds in JSON."""

UtcSeconds = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$", json_schema_extra={"format": "date-time"}
    ),
]
"""A boundary as alerts write it: RFC 3339, UTC, whole seconds."""
