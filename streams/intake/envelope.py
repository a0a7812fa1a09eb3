"""CloudEvents in structured mode: the record's value is an envelope, the event lies in its `data` or `data_base64`.

Source: CloudEvents 1.0, its JSON format and its Kafka binding. In binary mode the value is the event itself.
"""

import base64
import binascii
from typing import Any, Final

import orjson

from schemas.json_text import read_json
from schemas.rejected import RejectReason
from streams.kafka.chunk import SourceRecord

MEDIA_TYPE: Final = b"application/cloudevents+json"
UNMARKED: Final = (
    "the value is a CloudEvent in structured mode, but no header says so; "
    "send the header content-type: application/cloudevents+json, or the event alone"
)
"""What is wrong with an envelope that no header announces."""

_HEADER_NAMES: Final = frozenset({"content-type", "contenttype", "content_type"})
"""In lower case, as the SDKs and frameworks spell it: `content-type`, `Content-Type`, `contentType`."""
_DATA: Final = ("data", "data_base64")


class UnusableEnvelopeError(ValueError):
    """There is no event in the envelope."""

    def __init__(self, reason: RejectReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Final = reason


def is_structured(record: SourceRecord) -> bool:
    """Whether the headers say that the value is an envelope; parameters and letter case are as MIME has them."""
    for name, value in record.headers:
        if name.lower() in _HEADER_NAMES and value is not None:
            return value.partition(b";")[0].strip(b' \t"').lower() == MEDIA_TYPE
    return False


def is_envelope(document: Any) -> bool:
    """Whether a value looks like one, whatever the headers say."""
    return isinstance(document, dict) and "specversion" in document and not document.keys().isdisjoint(_DATA)


def unwrapped(envelope: Any) -> Any:
    """The event in an envelope, read.

    Raises:
        UnusableEnvelopeError: there is none.
    """
    if not isinstance(envelope, dict):
        return envelope
    if envelope.get("data") is not None:
        return envelope["data"]
    encoded = envelope.get("data_base64")
    if encoded is None:
        raise UnusableEnvelopeError(RejectReason.SCHEMA, "the CloudEvent has neither data nor data_base64")
    try:
        return read_json(base64.b64decode(encoded, validate=True))
    except orjson.JSONDecodeError as problem:
        raise UnusableEnvelopeError(RejectReason.NOT_JSON, f"data_base64: {problem}") from None
    except (binascii.Error, ValueError, TypeError):
        raise UnusableEnvelopeError(RejectReason.SCHEMA, "data_base64: is not base64") from None
