"""Fetched bytes as chunks, also where aiokafka's own reader gives up."""

import struct
from itertools import chain
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from streams.intake.chunk import Chunk, merge
from streams.intake.records import ChunkedRecords, FetchedBatches

TP = TopicPartition("records-under-test", 0)
CRC_AT, CRC_FROM = 17, 21
NONE, GZIP, ZSTD = 0, 1, 4


def batch(first_offset: int, *headers: str, codec: int = NONE) -> bytes:
    """Records with one header each."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1 << 20)
    for number, name in enumerate(headers):
        assert builder.append(number, 1_000 + number, b"key", b"value", [(name, b"said")]) is not None
    raw = bytearray(builder.build())
    struct.pack_into(">q", raw, 0, first_offset)
    return bytes(raw)


def forged(raw: bytes) -> bytes:
    """The name `odd` made bytes that are no text, as a client in another language may send them."""
    broken = bytearray(raw.replace(b"odd", b"\xff\xfed"))
    struct.pack_into(">I", broken, CRC_AT, calc_crc32c(bytes(broken[CRC_FROM:])))
    return bytes(broken)


def fetched(*batches: bytes, from_offset: int = 0) -> list[Chunk]:
    ChunkedRecords.topics.add(TP.topic)
    records = FetchedBatches(b"".join(batches))
    return list(ChunkedRecords(TP, records, [], from_offset, None, None, True, READ_COMMITTED))


def told(chunk: Chunk) -> list[tuple[Any, ...]]:
    records = chain.from_iterable(chunk.slices())
    return [(record.offset, record.timestamp, record.key, record.value, *record.headers) for record in records]


def record(offset: int, name: str, number: int) -> tuple[Any, ...]:
    return (offset, 1_000 + number, b"key", b"value", (name, b"said"))


@pytest.mark.parametrize("codec", [NONE, GZIP, ZSTD])
def test_one_chunk_a_batch(codec: int) -> None:
    chunks = fetched(batch(0, "a", "b", codec=codec), batch(2, "c", codec=codec))
    assert [(chunk.start_offset, chunk.next_offset) for chunk in chunks] == [(0, 2), (2, 3)]
    assert told(merge(chunks)) == [record(0, "a", 0), record(1, "b", 1), record(2, "c", 0)]


def test_reading_may_start_within_a_batch() -> None:
    (chunk,) = fetched(batch(0, "a", "b", "c"), from_offset=2)
    assert (chunk.start_offset, chunk.next_offset) == (2, 3)
    assert told(chunk) == [record(2, "c", 2)]


def test_a_header_name_that_is_no_text_costs_no_record() -> None:
    names = ["a", "odd", "b"] * 1_000
    chunks = fetched(batch(0, "a"), forged(batch(1, *names)), batch(3_001, "c"))
    mended = [record(1 + number, name.replace("odd", "??d"), number) for number, name in enumerate(names)]
    assert told(merge(chunks)) == [record(0, "a", 0), *mended, record(3_001, "c", 0)]


def test_also_where_reading_starts_within_its_batch() -> None:
    (chunk,) = fetched(forged(batch(0, "odd", "a", "odd")), from_offset=1)
    assert told(chunk) == [record(1, "a", 1), record(2, "??d", 2)]
