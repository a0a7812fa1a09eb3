"""Fetched records as whole chunks: one object for each record batch instead of one for each record."""

import time
from collections.abc import Iterator
from typing import Any, Final

import google_crc32c
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException

from streams.kafka.chunk import Chunk, Stamp
from streams.kafka.header_names import ReadableRecords
from streams.kafka.packed_batch import parts_of

# Where things lie in a batch as it is sent. Source: Apache Kafka, "Record Batch".
_MAGIC: Final = 16
_CRC: Final = slice(17, 21)
_CHECKED: Final = slice(21, None)
_APPENDED: Final = 1  # timestamp type: that of the broker

# google-crc32c falls back to Python where its library or libstdc++6 is missing: then aiokafka's own is the faster one.
HAS_FAST_CRC: Final = google_crc32c.implementation == "c"


def AS_CHUNKS(value: bytes) -> bytes:  # noqa: N802 - a mark, though it has to look like a deserializer
    """The `value_deserializer` of a consumer that takes whole chunks. Never called: values stay as they are."""
    return value


class ChunkedRecords(ReadableRecords):
    """Fetched records of one partition; one chunk per record batch for a consumer that reads `AS_CHUNKS`.

    Checks the CRC of every batch, and keeps aiokafka's filter of aborted transactions. What carries no record
    (transaction markers, aborted batches) is an empty chunk, so that the reader sees the partition's end behind it.
    Records stay packed in their batch: to unpack is for the thread that judges them.
    """

    def _unpack_records(self) -> Iterator[Any]:
        return self._chunks() if self._value_deserializer is AS_CHUNKS else super()._unpack_records()

    def _chunks(self) -> Iterator[Chunk]:
        while self._records.has_next():
            batch = self._records.next_batch()
            if self._check_crcs and not is_intact(batch, self._records.last_slice):
                raise CorruptRecordException(f"invalid CRC in {self._tp}")
            start_offset, self.next_fetch_offset = self.next_fetch_offset, batch.next_offset
            if self._carries_nothing(batch):
                yield Chunk(start_offset, batch.next_offset, ())
            else:  # a batch is fetched whole, wherever reading starts in it
                stamp = Stamp(batch.base_offset, batch.max_timestamp) if _is_appended(batch) else None
                parts = parts_of(batch, self._records.last_slice)
                yield Chunk(start_offset, batch.next_offset, parts, stamp, time.monotonic())

    def _carries_nothing(self, batch: Any) -> bool:
        if self._isolation_level == fetcher.READ_COMMITTED and batch.producer_id is not None:
            self._consume_aborted_up_to(batch.base_offset)
            if batch.is_control_batch and self._contains_abort_marker(batch):
                self._aborted_producers.discard(batch.producer_id)
            if batch.is_transactional and batch.producer_id in self._aborted_producers:
                return True
        return bool(batch.is_control_batch)


def _is_appended(batch: Any) -> bool:
    """Whether the time of a batch is that of the broker; the formats before Kafka 0.11 do not say."""
    return getattr(batch, "timestamp_type", None) == _APPENDED


def is_intact(batch: Any, raw: memoryview) -> bool:
    """Whether a batch has the CRC it tells; `raw` are its bytes.

    The processor's own CRC-32C costs a seventh of aiokafka's; written in Python alone, thousands of times as much.
    """
    if raw[_MAGIC] < 2 or not HAS_FAST_CRC:  # magic 0 and 1: written before Kafka 0.11
        return bool(batch.validate_crc())
    return bool(google_crc32c.value(bytes(raw[_CHECKED])) == int.from_bytes(raw[_CRC]))
