"""What little compressed input unpacks to: read to the last record, and never in memory as a whole."""

import gzip
import hashlib
import random
import struct
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import cramjam
import pytest
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBase, DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.kafka.chunk import Chunk
from streams.kafka.excerpt import KEPT_BYTES, Excerpt, excerpt
from streams.kafka.packed_batch import parts_of
from streams.kafka.unpacking import PIECE_BYTES, WHOLE_BYTES
from tests.build import Stored
from tests.kafka.batches import GZIP, LZ4, NONE, SNAPPY, ZSTD, batch_of, record

MIB = 1024 * 1024
COMPRESSED = [GZIP, SNAPPY, LZ4, ZSTD]


def packed(codec: int, plain: bytes) -> bytes:
    match codec:
        case 1:
            return gzip.compress(plain)
        case 2:
            blocks = [
                bytes(cramjam.snappy.compress_raw(plain[at : at + 32_768])) for at in range(0, len(plain), 32_768)
            ]
            return (
                b"\x82SNAPPY\0"
                + struct.pack(">ii", 1, 1)
                + b"".join(struct.pack(">i", len(block)) + block for block in blocks)
            )
        case 3:
            stream = cramjam.lz4.Compressor(level=1, content_checksum=False, block_linked=False)
            stream.compress(plain)
            return bytes(stream.finish())
        case 4:
            return bytes(cramjam.zstd.compress(plain))
    return plain


def parts(raw: bytes) -> Iterator[Any]:
    view = memoryview(raw)
    return parts_of(DefaultRecordBatch(view), view)


def read(raw: bytes, count: int) -> list[Any]:
    return list(chain.from_iterable(Chunk(0, count, parts(raw)).slices()))


def told(records: Iterable[Any]) -> list[tuple[Any, ...]]:
    return [(it.offset, it.timestamp, it.key, it.value, *it.headers) for it in records]


@pytest.mark.parametrize("codec", COMPRESSED)
@pytest.mark.parametrize("size", [100, 50_000, 300_000])
def test_what_unpacks_to_more_than_a_part_is_read_as_in_one_go(codec: int, size: int) -> None:
    rng = random.Random(size)
    values = [rng.randbytes(rng.randrange(size // 8)) + bytes(size) for _ in range(3 * WHOLE_BYTES // size)]
    plain = b"".join(record(number, value, headers=[("n", b"1")]) for number, value in enumerate(values))
    raw = batch_of(codec, len(values), packed(codec, plain))
    wanted = [(number, 1_000 + number, b"k", value, ("n", b"1")) for number, value in enumerate(values)]
    assert told(read(raw, len(values))) == wanted
    assert len(list(parts(raw))) > 3
    assert told(DefaultRecordBatch(raw)) == wanted


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(COMPRESSED),
    st.lists(st.one_of(st.none(), st.integers(0, 3_000_000), st.sampled_from([PIECE_BYTES, WHOLE_BYTES])), max_size=6),
)
def test_of_records_of_any_size_each_is_there_or_an_excerpt_of_it(codec: int, sizes: list[int | None]) -> None:
    values = [None if size is None else random.Random(size).randbytes(40) + bytes(size) for size in sizes]
    plain = b"".join(record(number, value) for number, value in enumerate(values))
    found = read(batch_of(codec, len(values), packed(codec, plain)), len(values))
    for number, (it, value) in enumerate(zip(found, values, strict=True)):
        assert excerpt(it) == excerpt(Stored(number, 1_000 + number, b"k", value))
        assert isinstance(it, Excerpt) or it.value == value


@pytest.mark.parametrize("codec", COMPRESSED)
def test_hundreds_of_mib_unpack_within_a_few(codec: int) -> None:
    sizes = [60 * MIB, 10, 50 * MIB]
    plain = b"".join(record(number, bytes(size)) for number, size in enumerate(sizes))
    raw = batch_of(codec, 3, packed(codec, plain))
    digests = [hashlib.sha256(bytes(size)).hexdigest() for size in sizes]
    del plain
    tracemalloc.start()
    try:
        slices = list(Chunk(0, 3, parts(raw)).slices())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found = list(chain.from_iterable(slices))
    assert [it.sha256 for it in found if isinstance(it, Excerpt)] == [digests[0], digests[2]]
    assert [(it.offset, len(it.value or b"")) for it in found] == [(0, KEPT_BYTES), (1, 10), (2, KEPT_BYTES)]
    assert slices.count([]) > 20, "it pauses on the way"
    assert peak < 20 * MIB


def test_a_huge_key_and_huge_headers_are_cut_too() -> None:
    headers = [("first", b"1"), ("large", bytes(5 * MIB)), ("last", b"2")]
    plain = record(0, b"{}", key=bytes(3 * MIB), headers=headers)
    (found,) = read(batch_of(ZSTD, 1, packed(ZSTD, plain)), 1)
    assert (found.key, found.key_truncated, found.value, found.truncated) == (bytes(KEPT_BYTES), 3 * MIB, b"{}", None)
    assert (found.headers, found.headers_left_out) == ((("first", b"1"), ("last", b"2")), 1)


def test_the_brokers_time_stands_for_that_of_each_record() -> None:
    plain = b"".join(record(number, bytes(size)) for number, size in enumerate([8 * MIB, 3 * MIB, 10]))
    raw = bytearray(batch_of(ZSTD, 3, packed(ZSTD, plain), first_offset=70))
    raw[22] |= DefaultRecordBase.TIMESTAMP_TYPE_MASK
    assert [(it.offset, it.timestamp) for it in read(bytes(raw), 73)] == [(70, 1_002), (71, 1_002), (72, 1_002)]


@pytest.mark.parametrize("codec", COMPRESSED)
@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_what_cannot_be_unpacked_is_refused(codec: int, keep: float) -> None:
    plain = b"".join(record(number, random.Random(number).randbytes(400) + bytes(70_000)) for number in range(100))
    broken = packed(codec, plain)
    with pytest.raises(CorruptRecordException):
        read(batch_of(codec, 100, broken[: int(len(broken) * keep)]), 100)


def test_more_or_fewer_bytes_than_records_are_refused() -> None:
    plain = b"".join(record(number, bytes(100_000)) for number in range(60))
    for count in (59, 61):
        with pytest.raises(CorruptRecordException):
            read(batch_of(ZSTD, count, packed(ZSTD, plain)), count)


def test_a_length_of_snappy_that_cannot_be_true_is_given_no_room() -> None:
    claims_4_gib = b"\xff\xff\xff\xff\x0f" + b"\0" * 20
    with pytest.raises(CorruptRecordException, match="Snappy"):
        read(batch_of(SNAPPY, 1, claims_4_gib), 1)


def test_also_there_a_header_name_may_be_no_text() -> None:
    builder = DefaultRecordBatchBuilder(2, NONE, 0, -1, -1, -1, 100 * MIB)
    for number in range(60):
        name = "odd" if number % 7 == 3 else "fit"
        assert builder.append(number, 1_000 + number, b"k", bytes(100_000), [(name, b"said")]) is not None
    plain = bytes(builder.build())[DefaultRecordBase.HEADER_STRUCT.size :].replace(b"odd", b"\xff\xfed")
    names = [it.headers[0][0] for it in read(batch_of(ZSTD, 60, packed(ZSTD, plain)), 60)]
    assert names == ["??d" if number % 7 == 3 else "fit" for number in range(60)]
