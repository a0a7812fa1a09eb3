"""Filing: each record that can be used becomes one fact, kept as it was told."""

import logging
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from streams.health import counts
from streams.health.condition import Held
from streams.intake.checking import Rejection
from streams.kafka.chunk import SourceRecord
from streams.names import name_of
from streams.sink.processor import SinkProcessor
from streams.sink.work import Progress, SinkWork

log = logging.getLogger(__name__)

Fact = TypeVar("Fact")


class FilingProcessor(SinkProcessor, Generic[Fact]):
    """Files the records of one source partition. `read` says what a record tells, or why it cannot be used.

    One that cannot be used is passed over, with a line in the log and a count: whoever writes rubbish stops nobody.
    `most_facts` are stored at once.
    """

    most_facts = 5_000

    def __init__(
        self, topic: str, partition: int, read: Callable[[SourceRecord], Fact | Rejection], progress: Progress
    ) -> None:
        super().__init__(topic, partition, progress)
        self._read = read
        self._facts: list[Fact] = []
        self._committed = self.next_offset

    def take_in(self, records: Sequence[SourceRecord], clock_ms: int | None) -> None:
        """Read them one by one."""
        for record in records:
            told = self._read(record)
            if isinstance(told, Rejection):
                self.counts[counts.PASSED_OVER] += 1
                where = f"{name_of(self.topic, self.partition)} at {record.offset}"
                log.warning("%s is passed over: %s: %s", where, told.reason, told.detail)
            else:
                self.counts[counts.COUNTED] += 1
                self._facts.append(told)
        self.counts[counts.RECORDS] += len(records)

    @property
    def is_full(self) -> bool:
        """Whether so much was read that it has to be stored before more comes."""
        return len(self._facts) >= self.most_facts

    def take_work(self) -> SinkWork[list[Fact]] | None:
        """All that was read since the last call; None when nothing was."""
        if self.next_offset == self._committed:
            return None
        self._committed = self.next_offset
        facts, self._facts = self._facts, []
        return SinkWork(Progress(self.next_offset, last=self.last), facts)

    def look(self) -> Held:
        """What it holds right now."""
        return Held(None, 0, 0, len(self._facts))
