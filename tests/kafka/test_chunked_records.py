"""Fetched bytes as chunks or one by one, also where aiokafka's own reader gives up."""

import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from streams.kafka import chunked_records
from streams.kafka.chunk import SLICE_RECORDS, Chunk, merge
from streams.kafka.chunked_records import AS_CHUNKS, ChunkedRecords
from streams.kafka.header_names import FetchedBatches

TP = TopicPartition("records-under-test", 0)
ONE_BY_ONE = TopicPartition("records-one-by-one", 0)
CRC_AT, CRC_FROM = 17, 21
NONE, GZIP, ZSTD = 0, 1, 4


APPENDED_AT, APPENDED = 22, 8  # the lower byte of a batch's attributes, and the bit of the broker's time
GREATEST_TIME_AT = 35


def appended(raw: bytes, append_ms: int) -> bytes:
    """A batch as a broker leaves it on a topic where the time is its own."""
    stamped = bytearray(raw)
    stamped[APPENDED_AT] |= APPENDED
    struct.pack_into(">q", stamped, GREATEST_TIME_AT, append_ms)
    struct.pack_into(">I", stamped, CRC_AT, calc_crc32c(bytes(stamped[CRC_FROM:])))
    return bytes(stamped)


def batch(first_offset: int, *headers: str, codec: int = NONE, transaction_of: int = -1) -> bytes:
    """Records with one header each; `transaction_of` is a producer's id."""
    builder = DefaultRecordBatchBuilder(2, codec, transaction_of >= 0, transaction_of, 0, 0, 1 << 20)
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
    records = FetchedBatches(b"".join(batches))
    return list(ChunkedRecords(TP, records, [], from_offset, None, AS_CHUNKS, True, READ_COMMITTED))


def told(chunk: Chunk) -> list[tuple[Any, ...]]:
    return [as_told(record) for record in chain.from_iterable(chunk.slices())]


def as_told(record: Any) -> tuple[Any, ...]:
    return (record.offset, record.timestamp, record.key, record.value, *record.headers)


def one_by_one(*batches: bytes, from_offset: int = 0, aborted: Sequence[tuple[int, int]] = ()) -> ChunkedRecords:
    records = FetchedBatches(b"".join(batches))
    return ChunkedRecords(ONE_BY_ONE, records, aborted, from_offset, None, None, True, READ_COMMITTED)


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


def test_reading_may_start_within_a_batch_of_several_slices() -> None:
    names = [str(number) for number in range(3 * SLICE_RECORDS)]
    (chunk,) = fetched(batch(0, *names), from_offset=SLICE_RECORDS + 1)
    assert [record.offset for some in chunk.slices() for record in some] == list(
        range(SLICE_RECORDS + 1, 3 * SLICE_RECORDS)
    )


def test_a_header_name_that_is_no_text_costs_no_record() -> None:
    names = ["a", "odd", "b"] * 1_000
    chunks = fetched(batch(0, "a"), forged(batch(1, *names)), batch(3_001, "c"))
    mended = [record(1 + number, name.replace("odd", "??d"), number) for number, name in enumerate(names)]
    assert told(merge(chunks)) == [record(0, "a", 0), *mended, record(3_001, "c", 0)]


def test_also_where_reading_starts_within_its_batch() -> None:
    (chunk,) = fetched(forged(batch(0, "odd", "a", "odd")), from_offset=1)
    assert told(chunk) == [record(1, "a", 1), record(2, "??d", 2)]


@pytest.mark.parametrize("first", [["odd"], ["a", "odd"], ["a"] * 3_000 + ["odd"]])
def test_one_by_one_it_costs_no_record_either(first: list[str]) -> None:
    names = [*first, "b", "odd", "c"]
    records = one_by_one(
        batch(0, "x"), forged(batch(1, *names)), forged(batch(1 + len(names), "odd")), batch(5_000, "y")
    )
    mended = [record(1 + number, name.replace("odd", "??d"), number) for number, name in enumerate(names)]
    last = [record(1 + len(names), "??d", 0), record(5_000, "y", 0)]
    assert [as_told(it) for it in records] == [record(0, "x", 0), *mended, *last]
    assert records.next_fetch_offset == 5_001


def test_one_by_one_the_position_follows_every_record() -> None:
    records = one_by_one(forged(batch(0, "a", "odd", "b", "c")), from_offset=1)
    positions = [(it.offset, records.next_fetch_offset) for it in records]
    assert positions == [(1, 2), (2, 3), (3, 4)]


def test_one_by_one_compressed_records_are_read_as_ever() -> None:
    records = one_by_one(batch(0, "a", "b", codec=ZSTD), forged(batch(2, "odd")))
    assert [as_told(it) for it in records] == [record(0, "a", 0), record(1, "b", 1), record(2, "??d", 0)]


def test_an_aborted_batch_stays_unread_and_one_that_is_damaged_refused() -> None:
    aborted = forged(batch(0, "a", "odd", transaction_of=7))
    committed = forged(batch(2, "odd", transaction_of=8))
    records = one_by_one(aborted, committed, aborted=[(7, 0)])
    assert [as_told(it) for it in records] == [record(2, "??d", 0)]
    damaged = batch(0, "odd").replace(b"odd", b"\xff\xfed")
    with pytest.raises(CorruptRecordException, match="CRC"):
        next(one_by_one(damaged))


def test_the_newest_batch_that_a_broker_stamped_tells_its_time() -> None:
    chunks = fetched(appended(batch(0, "a", "b"), 5_000), appended(batch(2, "c", "d"), 6_000), from_offset=1)
    whole = merge(chunks)
    assert whole.stamp == (2, 6_000)
    assert whole.seen_s > 0
    later = whole.since(2)
    assert later.stamp == (2, 6_000)
    assert [record.timestamp for records in later.slices() for record in records] == [6_000, 6_000]


def test_the_time_of_those_who_wrote_tells_nothing_of_a_broker() -> None:
    assert merge(fetched(batch(0, "a"))).stamp is None


def test_without_its_c_library_the_check_is_that_of_aiokafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked_records, "HAS_FAST_CRC", False)
    monkeypatch.setattr(chunked_records, "google_crc32c", None)
    assert [chunk.next_offset for chunk in fetched(batch(0, "a"))] == [1]
    broken = bytearray(batch(0, "a"))
    broken[-1] ^= 1
    with pytest.raises(CorruptRecordException):
        fetched(bytes(broken))
