"""Fetched records, whatever their header names: a broker takes names that are not UTF-8, aiokafka cannot read them.

One of them would stop its partition for ever.
"""

from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint


class MendedBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """A batch read again, a record at a time, with `?` for what is not ASCII in header names that are not UTF-8."""

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


class FetchedBatches(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one fetch; `last_slice` are the bytes of the one that came last, None before the first."""

    last_slice: memoryview | None = None

    def next_batch(self) -> Any:
        """Next batch, as aiokafka's own reader gives it."""
        self.last_slice = self._next_slice
        return super().next_batch()


class ReadableRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """Fetched records of one partition. A batch that aiokafka gives up is gone on with as a `MendedBatch`.

    By then aiokafka has checked its CRC and that it is not of an aborted transaction.
    """

    next_fetch_offset: int

    def _unpack_records(self) -> Iterator[Any]:
        while self._records.has_next():
            try:
                yield from super()._unpack_records()
            except UnicodeDecodeError:
                yield from self._rest_of(MendedBatch(self._records.last_slice))

    def _rest_of(self, batch: MendedBatch) -> Iterator[Any]:
        for record in batch:
            if record.offset >= self.next_fetch_offset:
                self.next_fetch_offset = record.offset + 1
                yield self._consumer_record(self._tp, record)
        self.next_fetch_offset = batch.next_offset
