"""What a partition's engine is told beside its events: exclusions in any good time, apps at their places."""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streams.names import Topics
from streams.reference.reference import Reference
from tests.build import Stored, stored
from tests.model import Record

TOPICS = Topics()


class AppChange(NamedTuple):
    """A version of an app that was read before the event record at an offset."""

    offset: int
    record: Record


class Beside:
    """The records of the two topics that are read whole, and what of them has been read.

    Exclusions act by their timestamps, so it is all the same how early they are read, as long as each is there when
    its time has come. Apps count from their place among the events.
    """

    def __init__(self, exclusions: Sequence[Record] = (), apps: Sequence[AppChange] = ()) -> None:
        self.exclusions, self.apps = exclusions, apps
        self._exclusions_read = 0
        self.begin(0)

    def begin(self, offset: int) -> None:
        """Read anew from the beginning: the exclusions that were there, and the apps up to an event record."""
        self.reference = Reference(TOPICS)
        self._unread_apps = deque(self.apps)
        _tell(self.reference, self.exclusions[: self._exclusions_read])
        self.read_apps(offset)

    def read_exclusions(self, until_ms: int | None = None, ahead: int = 0) -> None:
        """Read all, or those of up to a Kafka timestamp with all before them, and so many more."""
        needed = len(self.exclusions)
        if until_ms is not None:
            due = [one.timestamp_ms is None or one.timestamp_ms <= until_ms for one in self.exclusions]
            needed = max((number for number, is_due in enumerate(due, 1) if is_due), default=0) + ahead
        _tell(self.reference, self.exclusions[self._exclusions_read : needed])
        self._exclusions_read = max(self._exclusions_read, needed)

    def read_apps(self, offset: int) -> None:
        """Read what lies before an event record."""
        while self._unread_apps and self._unread_apps[0].offset <= offset:
            _tell(self.reference, [self._unread_apps.popleft().record])

    def until_next_app(self, records: Sequence[Stored]) -> Sequence[Stored]:
        """The records before the next change of an app."""
        if not self._unread_apps:
            return records
        return [record for record in records if record.offset < self._unread_apps[0].offset]


def _tell(reference: Reference, records: Iterable[Record]) -> None:
    for record in records:
        (as_stored,) = stored([record])
        reference.take(record.topic, as_stored)
