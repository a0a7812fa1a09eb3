"""A record batch as it was fetched, unpacked part by part: at no time is more in memory than a few MiB of it.

A batch that unpacks to more than that is cut between its records, each part a batch of its own for aiokafka's reader. A
record that is larger than a part is never in memory as a whole.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Final

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch
from aiokafka.record.util import decode_varint_py as decode_varint  # the one that looks where the bytes end

from streams.kafka.chunk import SLICE_RECORDS, Part
from streams.kafka.header_names import MendedBatch
from streams.kafka.huge_record import Feed, read_huge
from streams.kafka.unpacking import PIECE_BYTES, pieces, unpacked

# Where things lie in a batch. Source: Apache Kafka, "Record Batch".
_HEADER: Final = DefaultRecordBase.HEADER_STRUCT
_ATTRIBUTES: Final = DefaultRecordBase.ATTRIBUTES_OFFSET
_COUNT: Final = struct.Struct(">i")
_COUNT_AT: Final = _HEADER.size - _COUNT.size


def parts_of(batch: Any, raw: memoryview) -> Iterator[Part | None]:
    """The records of a batch; `raw` are its bytes. None is a pause within a record that takes long.

    Raises:
        CorruptRecordException: it cannot be unpacked, or not read.
    """
    if batch.magic < 2:  # written before Kafka 0.11
        yield Part(batch, SLICE_RECORDS, len(raw))
        return
    count = _COUNT.unpack_from(raw, _COUNT_AT)[0]
    if batch.compression_type == DefaultRecordBase.CODEC_NONE:
        yield Part(batch, count, len(raw), partial(MendedBatch, raw))
        return
    header = bytearray(raw[: _HEADER.size])
    header[_ATTRIBUTES + 1] &= ~DefaultRecordBase.CODEC_MASK
    whole = unpacked(batch.compression_type, raw[_HEADER.size :], header)
    if whole is not None:
        yield _part(whole, count)
    else:
        yield from _cut(batch, raw, header, count)


def _part(plain: bytes, count: int) -> Part:
    return Part(DefaultRecordBatch(plain), count, len(plain), partial(MendedBatch, plain))


def _cut(batch: Any, raw: memoryview, header: bytearray, count: int) -> Iterator[Part | None]:
    feed = Feed(pieces(batch.compression_type, raw[_HEADER.size :]))
    left = count
    while left:
        feed.fill(PIECE_BYTES)
        size, some = _whole_records(feed, left)
        if some:
            _COUNT.pack_into(header, _COUNT_AT, some)
            yield _part(bytes(header) + feed.take(size), some)
        else:
            record = yield from read_huge(feed, batch)
            yield Part([record])
            some = 1
        left -= some
    if feed.fill(1):
        raise CorruptRecordException("more bytes than records")


def _whole_records(feed: Feed, most: int) -> tuple[int, int]:
    """How many bytes the records take that are at hand as a whole, and how many records that are."""
    end, count = feed.at, 0
    with suppress(IndexError):  # a length that is cut itself
        while count < most:
            length, behind = decode_varint(feed.buffer, end)
            if behind + length > len(feed.buffer):
                break
            end, count = behind + length, count + 1
    return end - feed.at, count
