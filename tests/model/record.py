"""A Kafka record as the model sees it."""

from typing import NamedTuple


class Record(NamedTuple):
    """One record of a topic-partition. A log is a list of these in the order they arrived.

    `timestamp_ms` is Kafka's, epoch milliseconds, None where the record has none.
    """

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    def header(self, name: str) -> bytes | None:
        """Value of a header, or None."""
        return dict(self.headers).get(name)
