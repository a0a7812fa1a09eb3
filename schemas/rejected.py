"""`slo.rejected.v1`: every input record that could not be used, with the reason in its headers.

Key and value: the original bytes (a value over 64 KiB: its first 64 KiB). The headers that the record had itself are
kept under `original.` and their name, up to 16 KiB of them. Producer: the evaluator. Consumers:
`slo-streams rejected list` and `rejected redrive`, and whoever repairs the producer at fault. Retention: as long as a
repair may take; 14 days is a good start.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

ORIGINAL: Final = "original."
"""Stands before the name of each header that the record had itself."""


class RejectReason(StrEnum):
    """Why a record was rejected; tested in this order. `sentence` says it to people."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> "RejectReason":
        """The name on the wire, and the sentence."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    TOO_LARGE = "too_large", "The value is over 64 KiB."
    NOT_JSON = "not_json", "The value is empty or not JSON: cut short, invalid UTF-8, NaN, nested too deep."
    SCHEMA = "schema", "The value is JSON but not a record of this topic: see the detail for the field at fault."
    MISPLACED = "misplaced", "The key or the partition does not belong to the appKey, also after it was put right once."
    FUTURE_TIME = "future_time", "The event is more than 60 s ahead of the record's Kafka timestamp: check the clock."
    TOO_LATE = "too_late", "Every window the event belongs to was judged before it came."
    TOO_MANY_SERIES = (
        "too_many_series",
        "Its app has as many base URLs or products as one app may have (SLO_MAX_SERIES_PER_APP).",
    )


class RejectedHeaders(BaseModel):
    """The headers of a rejected record; Kafka carries each as UTF-8 text."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    reason: RejectReason
    """The first rule that the record broke."""
    detail: str
    """What exactly is wrong, for people."""
    application: str = Field(min_length=1)
    """The application that rejected it; only that one redrives it."""
    topic: str
    """The topic it came from."""
    partition: int = Field(ge=0)
    """The partition it came from."""
    offset: int = Field(ge=0)
    """Its offset there."""
    truncated: int | None = Field(None, ge=0)
    """Original length of the value in bytes, when only its beginning was kept."""
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{64}$")
    """Digest of the original value, when only its beginning was kept."""
    key_truncated: int | None = Field(None, ge=0)
    """Original length of the key in bytes, when only its beginning was kept."""
    headers_left_out: int | None = Field(None, ge=1)
    """How many headers of the record were not kept, when they were too large."""

    @classmethod
    def from_kafka(cls, headers: Iterable[tuple[str, bytes]]) -> "RejectedHeaders":
        """Headers as a consumer delivers them.

        Raises:
            ValueError: not the headers of a rejected record (pydantic's `ValidationError`, or invalid UTF-8).
        """
        return cls.model_validate({name: value.decode() for name, value in headers if name in cls.model_fields})

    def to_kafka(self) -> list[tuple[str, bytes]]:
        """Headers as a producer sends them."""
        return [(name, str(value).encode()) for name, value in self.model_dump(exclude_none=True).items()]
