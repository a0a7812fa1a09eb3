"""Record batches written by hand: what no producer of ours makes, and any other may. Source: Apache Kafka, "Record"."""

import struct
from collections.abc import Iterable, Iterator
from typing import Final

import google_crc32c
from aiokafka.record.default_records import DefaultRecordBase
from aiokafka.record.util import encode_varint
from backports import zstd

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
_CRC_AT: Final = 17
_CHECKED_FROM: Final = 21


def varint(number: int) -> bytes:
    written = bytearray()
    encode_varint(number, written.append)
    return bytes(written)


def _sized(some: bytes | None) -> bytes:
    return varint(-1) if some is None else varint(len(some)) + some


def around_value(
    number: int, size: int, key: bytes | None = b"k", headers: Iterable[tuple[str, bytes]] = ()
) -> tuple[bytes, bytes]:
    """What comes before and behind a value of so many bytes in the record of this number; size -1 is null."""
    its_headers = [_sized(name.encode()) + _sized(said) for name, said in headers]
    before = b"\0" + varint(number) + varint(number) + _sized(key) + varint(size)
    behind = varint(len(its_headers)) + b"".join(its_headers)
    return varint(len(before) + max(0, size) + len(behind)) + before, behind


def record(
    number: int, value: bytes | None, key: bytes | None = b"k", headers: Iterable[tuple[str, bytes]] = ()
) -> bytes:
    """A record as it lies in a batch."""
    before, behind = around_value(number, -1 if value is None else len(value), key, headers)
    return before + (value or b"") + behind


def batch_of(codec: int, count: int, packed: bytes, first_offset: int = 0, first_ms: int = 1_000) -> bytes:
    """A batch around records that are compressed already, a millisecond after each other."""
    last = count - 1
    header = DefaultRecordBase.HEADER_STRUCT.pack(
        first_offset, 0, 0, 2, 0, codec, last, first_ms, first_ms + last, -1, -1, -1, count
    )
    raw = bytearray(header + packed)
    struct.pack_into(">i", raw, 8, len(raw) - 12)
    struct.pack_into(">I", raw, _CRC_AT, google_crc32c.value(bytes(raw[_CHECKED_FROM:])))
    return bytes(raw)


def zstd_of(pieces: Iterable[bytes]) -> bytes:
    """Compressed without ever being there as a whole."""
    stream = zstd.ZstdCompressor()
    return b"".join((*map(stream.compress, pieces), stream.flush()))


def zeros(size: int) -> Iterator[bytes]:
    """So many, a MiB at a time."""
    mib = bytes(1024 * 1024)
    for at in range(0, size, len(mib)):
        yield mib[: size - at]
