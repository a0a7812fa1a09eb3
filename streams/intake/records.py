"""Fetched records as whole chunks: one object for each record batch instead of one for each record.

The part of aiokafka 0.14.0 below its consumer that is replaced; the version is pinned.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint

from streams.intake.chunk import Chunk


class ChunkedRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """Fetched records of one partition; of the topics named in `topics` one chunk per record batch.

    Keeps aiokafka's CRC check and its filter of aborted transactions. What carries no record (transaction markers,
    aborted batches) is an empty chunk, so that the reader sees the partition's end behind it. Records stay packed in
    their batch: to unpack is for the thread that judges them.
    """

    topics: ClassVar[set[str]] = set()
    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Any]:
        return self._chunks() if self._tp.topic in self.topics else super()._unpack_records()

    def _chunks(self) -> Iterator[Chunk]:
        while self._records.has_next():
            batch_bytes = self._records.next_slice
            batch = self._records.next_batch()
            if self._check_crcs and not batch.validate_crc():
                raise CorruptRecordException(f"invalid CRC in {self._tp}")
            start_offset, self.next_fetch_offset = self.next_fetch_offset, batch.next_offset
            if self._carries_nothing(batch):
                yield Chunk(start_offset, batch.next_offset, ())
            else:  # a batch is fetched whole, wherever reading starts in it
                first_offset = min(batch.base_offset, start_offset)
                chunk = Chunk(first_offset, batch.next_offset, batch, partial(MendedBatch, batch_bytes))
                yield chunk.since(start_offset) if batch.base_offset < start_offset else chunk

    def _carries_nothing(self, batch: Any) -> bool:
        if self._isolation_level == fetcher.READ_COMMITTED and batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return True
        return bool(batch.is_control_batch)


class FetchedBatches(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one fetch; `next_slice` are the bytes of the one that comes next."""

    @property
    def next_slice(self) -> memoryview | None:
        """None behind the last."""
        return self._next_slice  # type: ignore[no-any-return]


class MendedBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """A batch read again, a record at a time, with `?` for what is not ASCII in header names that are not UTF-8.

    A broker takes such names, and aiokafka cannot read them: one of them would stop its partition for ever.
    """

    _pos: int
    _buffer: bytearray

    def _read_msg(self, *_: Any) -> Any:
        start = self._pos
        try:
            return super()._read_msg()
        except UnicodeDecodeError:
            self._mend_header_names(start)
            self._pos = start
            return super()._read_msg()

    def _mend_header_names(self, position: int) -> None:
        for _ in range(4):  # length, attributes, timestamp, offset
            _, position = decode_varint(self._buffer, position)
        for _ in range(2):  # key, value
            position = self._behind_bytes(position)
        count, position = decode_varint(self._buffer, position)
        for _ in range(count):
            length, position = decode_varint(self._buffer, position)
            name = self._buffer[position : position + length]
            self._buffer[position : position + length] = bytes(byte if byte < 0x80 else ord("?") for byte in name)
            position = self._behind_bytes(position + length)

    def _behind_bytes(self, position: int) -> int:
        length, behind = decode_varint(self._buffer, position)
        return int(behind + max(length, 0))


fetcher.PartitionRecords = ChunkedRecords
fetcher.MemoryRecords = FetchedBatches
