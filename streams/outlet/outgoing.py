"""A record on its way out, whatever topic it is for."""

from dataclasses import dataclass

from streams.kafka.chunk import Header

Headers = list[Header]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to produce. `partition_key` decides its partition; one without lies beside its source partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    partition_key: bytes | None = None
    timestamp_ms: int | None = None
