"""What a partition's engine is told beside its events: exclusions and apps, read in any good time."""

from collections.abc import Iterable, Sequence

from streams.names import Topics
from streams.reference.reference import Reference
from tests.build import stored
from tests.model import Record

TOPICS = Topics()


class _Topic:
    """The records of one topic that is read whole, and how many of them have been read."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records, self.read = records, 0
        self._firsts = {record.key: number for number, record in reversed([*enumerate(records, 1)])}

    def needed(self, until_ms: int) -> int:
        """Up to the last that was written by a time, or that holds before its time: the first of its key."""
        by_then = (
            number
            for number, record in enumerate(self.records, 1)
            if record.timestamp_ms is None or record.timestamp_ms <= until_ms or self._firsts[record.key] == number
        )
        return max(by_then, default=0)


class Beside:
    """The two topics and what of them has been read.

    Both act by their timestamps, so it is all the same how early they are read, as long as each record is there when
    its time has come.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        records = list(records)
        self._topics = [_Topic([one for one in records if one.topic == topic]) for topic in TOPICS.reference]
        self.begin()

    def begin(self) -> None:
        """Read anew what was there."""
        self.reference = Reference(TOPICS)
        for topic in self._topics:
            _tell(self.reference, topic.records[: topic.read])

    def read(self, until_ms: int | None = None, ahead: int = 0) -> None:
        """Read all, or what was written by a time with all before it, and so many more."""
        for topic in self._topics:
            needed = len(topic.records) if until_ms is None else topic.needed(until_ms) + ahead
            _tell(self.reference, topic.records[topic.read : needed])
            topic.read = max(topic.read, min(needed, len(topic.records)))


def _tell(reference: Reference, records: Iterable[Record]) -> None:
    for record in records:
        (as_stored,) = stored([record])
        reference.take(record.topic, as_stored)
