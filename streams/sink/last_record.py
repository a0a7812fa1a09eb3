"""Whether a log is still the one that was stored: the last record that was taken in has to lie where it lay.

A log that was deleted or restored from an older copy ends before what is stored, and is refused for that. Once it has
grown beyond, its end tells nothing any more, and whatever was written meanwhile would be passed over.
"""

from contextlib import aclosing
from typing import Final, NamedTuple

from aiokafka import TopicPartition

from schemas.event_time import utc_text
from streams.exits import RefusalError
from streams.kafka.bulk import bulk_reader, committed_records
from streams.kafka.chunk import SourceRecord
from streams.names import name_of
from streams.settings import Settings

_FETCH_BYTES: Final = 64 * 1024


class LastRecord(NamedTuple):
    """Where a record lies, and its Kafka timestamp, epoch ms: -1 where it has none."""

    offset: int
    stamp_ms: int

    @classmethod
    def of(cls, record: SourceRecord) -> "LastRecord":
        """What is remembered of a record."""
        return cls(record.offset, -1 if record.timestamp is None else max(-1, record.timestamp))


class SourceReplacedError(RefusalError):
    """The log holds another record where the last one that was stored lay: it is not the one that was stored from."""

    def __init__(self, tp: TopicPartition, stored: LastRecord, found: LastRecord) -> None:
        was, lies = (
            "without a time" if one.stamp_ms < 0 else f"of {utc_text(one.stamp_ms)}" for one in (stored, found)
        )
        self.said = (
            f"holds a record {lies} at {stored.offset:,}, where the database has stored one {was}: the topic was "
            "created anew, or restored from a copy that is older than the database"
        )
        self.advice = "Restore a backup of the database from before that copy, or begin with an empty one."
        super().__init__(f"{name_of(*tp)} {self.said}. {self.advice}")


async def check_last_record(settings: Settings, tp: TopicPartition, stored: LastRecord) -> None:
    """Compare it with what lies there; nothing is told of one that Kafka does not keep any longer.

    Raises:
        SourceReplacedError: it is another.
        KafkaError: the brokers do not answer.
    """
    tp = TopicPartition(*tp)  # of aiokafka's own type: its consumer takes no other
    place = {tp: stored.offset}
    ends, reader = {tp: stored.offset + 1}, bulk_reader(settings, _FETCH_BYTES)
    records = committed_records(settings, [tp], starts=place, ends=ends, reader=reader)
    async with aclosing(records):
        async for record in records:
            found = LastRecord.of(record)
            if found.offset == stored.offset and found != stored:
                raise SourceReplacedError(tp, stored, found)
            return
