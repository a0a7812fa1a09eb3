"""Reading a partition's state back from its changelog: in bulk, to the very end, committed rows only."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.evaluation.store import SeriesStore
from streams.exits import RefusalError
from streams.kafka.bulk import committed_records
from streams.kafka.chunk import SourceRecord
from streams.names import name_of
from streams.plural import number_of
from streams.settings import Settings
from streams.tables.rows import META_KEY, Meta, decode_breach, decode_key, decode_meta, decode_series, is_breach_key
from streams.turn import Turn, finish

_ROWS_A_STEP: Final = 400


class StateLostError(RefusalError):
    """The changelog does not hold the state that was committed."""


@dataclass(frozen=True, slots=True)
class State:
    """What a changelog partition holds: the meta row, None at the very first start, and the series, not yet scheduled.

    `inherited` are the breaches of an earlier application that this one has not yet found itself: `rows.breach_key` and
    the alert of each.
    """

    meta: Meta | None
    series: SeriesStore
    inherited: dict[bytes, bytes] = field(default_factory=dict)


class Rows:
    """The rows of a changelog partition as far as it was read, the last of each key; `meta` is that of the meta row.

    Decoded series lie in the store that they are judged in: what was read ahead is not gone through once more.
    """

    def __init__(self) -> None:
        self.meta: SourceRecord | None = None
        self._raw: dict[bytes, bytes] = {}
        self._series = SeriesStore()
        self._inherited: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        """How many there are beside the meta row; one that came anew is two until it is decoded."""
        return len(self._raw) + len(self._series) + len(self._inherited)

    def take(self, record: SourceRecord) -> None:
        """Take in the next record.

        Raises:
            UnreadableRowError: what is deleted is no row of a series.
        """
        key, value = record.key or b"", record.value
        if key == META_KEY:
            self.meta = None if value is None else record
        elif value is not None:
            self._raw[key] = value
        else:
            self._raw.pop(key, None)
            if is_breach_key(key):
                self._inherited.pop(key, None)
            elif self._series:
                self._series.remove(decode_key(key))

    def decode(self) -> None:
        """Do ahead what `state` would have to do.

        Raises:
            UnreadableRowError: a row of a newer format, or a damaged one.
        """
        finish(self._decoding())

    async def state(self, name: str) -> State:
        """What they say, to be asked for once; `name` is that of the partition. Others have their turn meanwhile.

        Raises:
            StateLostError: rows without a meta row, or fewer rows than it counts.
            UnreadableRowError: a row of a newer format, or a damaged one.
        """
        if self.meta is None:
            if len(self):
                raise StateLostError(f"{name} holds {number_of(len(self), 'row')} but no meta row")
            return State(None, self._series)
        meta, turn = decode_meta(self.meta.value or b""), Turn()
        for _ in self._decoding():
            await turn.give_way()
        if meta.rows != len(self):
            committed = number_of(meta.rows, "was committed", "were committed")
            raise StateLostError(f"{name} holds {number_of(len(self), 'row')}, but {committed}")
        return State(meta, self._series, self._inherited)

    def _decoding(self) -> Iterator[None]:
        raw, put = self._raw, self._series.put
        while raw:  # each row is let go of as it is read: both at once would take half as much memory again
            key, value = raw.popitem()
            if is_breach_key(key):
                self._inherited[key] = decode_breach(key, value)
            else:
                put(decode_series(key, value))
            if not len(raw) % _ROWS_A_STEP:
                yield


async def restore(
    settings: Settings,
    changelog: str,
    partition: int,
    end_offset: int | None = None,
    *,
    oldest_offset: int | None = None,
    reader: AbstractAsyncContextManager[AIOKafkaConsumer] | None = None,
) -> State:
    """The state of a partition, as of the last commit.

    `oldest_offset` is where its log begins, `reader` as of `committed_records`: both spare questions.

    To take it over, call this after its transactional producer has started: then no earlier owner can add to it. And
    say where its log ended then (`end_offset`): a transaction that somebody else has opened on the changelog hides all
    commits behind it, and what they hid would be judged once more.

    Raises:
        StateLostError, UnreadableRowError: as `Rows.state`.
    """
    tp, rows = TopicPartition(changelog, partition), Rows()
    starts, ends = (None if offset is None else {tp: offset} for offset in (oldest_offset, end_offset))
    async for record in committed_records(settings, [tp], starts=starts, ends=ends, reader=reader):
        rows.take(record)
    return await rows.state(name_of(*tp))
