"""Compressed bytes unpacked within bounds: 50 KB on the broker may be 1.6 GB, and nothing tells before.

What fits into `WHOLE_BYTES` is unpacked in one go, as nearly every batch is. The rest comes in pieces. cramjam has no
streams, so that each codec brings its own; Kafka's brokers take no linked blocks of LZ4.
"""

import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import cramjam
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBase

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WHOLE_BYTES: Final = 4 * 1024 * 1024
PIECE_BYTES: Final = 1024 * 1024
"""Pieces are of about this size; of LZ4 up to four times, of a Snappy block as large as it is."""

_XERIAL: Final = b"\x82SNAPPY\x00"  # how Java's Snappy begins: 16 bytes, then blocks, each led by its length
_XERIAL_HEADER_BYTES: Final = 16
_SNAPPY_RATIO: Final = 32  # a copy of 64 bytes takes 3: no honest block unpacks to more
_LZ4_MAGIC: Final = 0x184D2204
_LZ4_STORED: Final = 0x8000_0000

_scratch: Final = bytearray(WHOLE_BYTES)


def unpacked(codec: int, packed: memoryview, before: bytes | bytearray) -> bytes | None:
    """All that the bytes unpack to, behind `before`; None where that is more than `WHOLE_BYTES`, or cannot be read."""
    try:
        if codec == DefaultRecordBase.CODEC_SNAPPY:
            blocks = list(_snappy_blocks(packed))
            if sum(map(_snappy_length, blocks)) > WHOLE_BYTES:
                return None
            return b"".join((before, *map(cramjam.snappy.decompress_raw, blocks)))
        length = _INTO[codec](packed, _scratch)
        return b"".join((before, memoryview(_scratch)[:length]))
    except cramjam.DecompressionError:
        return None


def pieces(codec: int, packed: memoryview) -> Iterator[bytes]:
    """Unpacked bytes, one piece after the other.

    Raises:
        CorruptRecordException: they cannot be unpacked.
    """
    try:
        yield from _PIECES[codec](packed)
    except (zlib.error, zstd.ZstdError, cramjam.DecompressionError, struct.error, EOFError) as problem:
        raise CorruptRecordException(f"cannot be unpacked: {problem}") from problem


def _streamed(new_stream: Callable[[], Any]) -> Callable[[memoryview], Iterator[bytes]]:
    """Pieces of a stream whose reader takes a limit, as the standard library's; several may follow each other."""

    def pieces_of(packed: memoryview) -> Iterator[bytes]:
        left: Any = packed
        while left:
            stream = new_stream()
            while not stream.eof:
                piece = stream.decompress(left, PIECE_BYTES)
                left = getattr(stream, "unconsumed_tail", b"")  # zstd keeps it itself
                if not piece and not stream.eof:
                    raise EOFError("cut short")
                yield piece
            left = stream.unused_data

    return pieces_of


def _lz4_pieces(packed: memoryview) -> Iterator[bytes]:
    """A frame of blocks that stand by themselves. Source: "LZ4 Frame Format Description"."""
    magic, flags, sizes = struct.unpack_from("<IBB", packed)
    if magic != _LZ4_MAGIC or not flags & 0x20:
        raise CorruptRecordException("no LZ4 frame of independent blocks")
    most = 1 << (2 * (sizes >> 4 & 7) + 8)  # 4: 64 KiB ... 7: 4 MiB
    at = 7 + 8 * bool(flags & 0x08) + 4 * bool(flags & 0x01)
    while head := struct.unpack_from("<I", packed, at)[0]:
        block = packed[at + 4 : at + 4 + (head & ~_LZ4_STORED)]
        if head & _LZ4_STORED:
            yield bytes(block)
        else:
            length = cramjam.lz4.decompress_block_into(block, _scratch, output_len=most)
            yield bytes(memoryview(_scratch)[:length])
        at += 4 + len(block) + 4 * bool(flags & 0x10)


def _snappy_pieces(packed: memoryview) -> Iterator[bytes]:
    gathered: list[bytes] = []  # Java's blocks are of 32 KiB
    for block in _snappy_blocks(packed):
        _snappy_length(block)
        gathered.append(bytes(cramjam.snappy.decompress_raw(block)))
        if sum(map(len, gathered)) >= PIECE_BYTES:
            yield b"".join(gathered)
            gathered.clear()
    yield b"".join(gathered)


def _snappy_blocks(packed: memoryview) -> Iterator[memoryview]:
    if bytes(packed[: len(_XERIAL)]) != _XERIAL:
        yield packed
        return
    at = _XERIAL_HEADER_BYTES
    while at < len(packed):
        length = int.from_bytes(packed[at : at + 4])
        yield packed[at + 4 : at + 4 + length]
        at += 4 + length


def _snappy_length(block: memoryview) -> int:
    """What a block says that it unpacks to: it is given room before it is read."""
    length = int(cramjam.snappy.decompress_raw_len(block))
    if length > _SNAPPY_RATIO * len(block):
        raise CorruptRecordException(f"{len(block):,} bytes of Snappy cannot unpack to {length:,}")
    return length


_INTO: Final[dict[int, Callable[[memoryview, bytearray], int]]] = {
    DefaultRecordBase.CODEC_GZIP: cramjam.gzip.decompress_into,
    DefaultRecordBase.CODEC_LZ4: cramjam.lz4.decompress_into,
    DefaultRecordBase.CODEC_ZSTD: cramjam.zstd.decompress_into,
}
_PIECES: Final[dict[int, Callable[[memoryview], Iterator[bytes]]]] = {
    DefaultRecordBase.CODEC_GZIP: _streamed(lambda: zlib.decompressobj(zlib.MAX_WBITS | 16)),
    DefaultRecordBase.CODEC_LZ4: _lz4_pieces,
    DefaultRecordBase.CODEC_SNAPPY: _snappy_pieces,
    DefaultRecordBase.CODEC_ZSTD: _streamed(zstd.ZstdDecompressor),
}
