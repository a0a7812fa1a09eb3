"""A series and day in a few hundred bytes: good and bad of its 1,440 minutes.

    row = add_to_day(None, {0: (3, 1)})          3 good and 1 bad events in the first minute of the day
    row = add_to_day(row, {0: (1, 0), 719: (0, 2)})
    good, bad = read_day(row)                    1,440 counts each

Byte 0 is the version of the format. In version 4 numbers of 32 bits follow, 1,440 good and then 1,440 bad counts: their
width, which is how many of their bytes are not zero in all of them; then, as one deflate stream, the lowest bytes of
all, the next of all, and so on. What hardly ever changes lies together, and takes no room. Rows of version 1 have all
four bytes, compressed by zstd: a third more bytes and twice the time. Version 5 is that of a day of which only a few
minutes have any events: these minutes, 16 bits each, and a byte for each of their good and bad counts. It takes no more
room, and a tenth of the time. (A row of kind 2 is in `recent`.)
"""

from array import array
from collections.abc import Mapping
from contextlib import suppress
from struct import error, pack, unpack
from typing import Final, TypeVar

import cramjam
from zlib_ng import zlib_ng

MINUTE_MS: Final = 60_000
HOUR_MINUTES: Final = 60
DAY_MINUTES: Final = 1_440
VERSION: Final = 4
FEW: Final = 5
"""The version of rows of a few entries, in both formats."""
MOST_FEW: Final = 12
_BY_ZSTD: Final = 1
RAW: Final = -15
"""Deflate without a frame around it, as zlib counts its window's bits."""

Numbers = TypeVar("Numbers", "array[int]", bytearray)
MinuteCounts = Mapping[int, tuple[int, int]]
"""Minute of the day -> good and bad events."""


class UnreadableRowError(Exception):
    """A stored row is damaged, or of a format that this version does not know."""


def read_day(row: bytes) -> "tuple[array[int], array[int]]":
    """Good and bad events of each minute of a day.

    Raises:
        UnreadableRowError: damaged, or written by a newer version.
    """
    width, planes = _planes(row)
    counts = from_planes(planes, width)
    return counts[:DAY_MINUTES], counts[DAY_MINUTES:]


def read_small_day(row: bytes) -> tuple[bytes, bytes] | None:
    """The same where no minute has more than 255, in which bytes are added up five times faster; None: one has.

    Raises:
        UnreadableRowError: as `read_day`.
    """
    width, planes = _planes(row)
    return (planes[:DAY_MINUTES], planes[DAY_MINUTES:]) if width == 1 else None


def add_to_day(row: bytes | None, minutes: MinuteCounts) -> bytes:
    """The row with these events added; None: the first ones of that day.

    Raises:
        UnreadableRowError: as `read_day`.
        OverflowError: more than 4,294,967,295 in a minute, or less than nothing.
    """
    few = {} if row is None else _few(row)
    if few is not None and len(minutes) <= MOST_FEW:
        for minute, (more_good, more_bad) in minutes.items():
            good, bad = few.get(minute, (0, 0))
            few[minute] = good + more_good, bad + more_bad
        packed = _pack_few(few)
        if packed is not None:
            return packed
    width, planes = (1, bytes(2 * DAY_MINUTES)) if row is None else _planes(row)
    if width == 1:
        with suppress(ValueError):  # a minute has more than a byte holds
            return _row(1, _added(bytearray(planes), minutes))
    return _row(*in_planes(_added(from_planes(planes, width), minutes).tolist()))


def in_planes(numbers: list[int]) -> tuple[int, bytes]:
    """How many bytes the numbers of 32 bits have, one at least, and these: the lowest of all, then the next of all.

    Raises:
        OverflowError: one has more than 32, or is less than nothing.
    """
    try:
        return 1, bytes(numbers)  # as most are, and ten times as fast
    except ValueError:
        pass
    raw = array("I", numbers).tobytes()
    planes = [raw[byte::4] for byte in range(4)]
    while planes[-1].count(0) == len(numbers):
        planes.pop()
    return len(planes), b"".join(planes)


def from_planes(planes: bytes, width: int) -> "array[int]":
    """The numbers again."""
    count = len(planes) // width
    raw = bytearray(4 * count)
    for byte in range(width):
        raw[byte::4] = planes[byte * count : (byte + 1) * count]
    return array("I", bytes(raw))


def inflate(packed: bytes) -> bytes:
    """What was deflated.

    Raises:
        UnreadableRowError: damaged.
    """
    try:
        return zlib_ng.decompress(packed, RAW)
    except zlib_ng.error as problem:  # type: ignore[misc]  # a class, whatever its stub says
        raise UnreadableRowError(f"a damaged row: {problem}") from None


def by_zstd(row: bytes) -> bytes:
    """All bytes of a row of version 1 or 3, in planes.

    Raises:
        UnreadableRowError: damaged.
    """
    try:
        planes = bytes(cramjam.zstd.decompress(row[1:]))
    except cramjam.DecompressionError as problem:
        raise UnreadableRowError(f"a damaged row: {problem}") from None
    if len(planes) % 4:
        raise UnreadableRowError(f"a row of {len(planes)} bytes is no row of numbers")
    return planes


def unknown(row: bytes) -> UnreadableRowError:
    """That of a version which is not known."""
    return UnreadableRowError(f"a row of format {row[0] if row else 'none'}; this version knows {FEW}")


def _added(counts: Numbers, minutes: MinuteCounts) -> Numbers:
    """The good and then the bad events of a day, these added."""
    good, bad = counts[:DAY_MINUTES], counts[DAY_MINUTES:]
    for minute, (more_good, more_bad) in minutes.items():
        good[minute] += more_good
        bad[minute] += more_bad
    return good + bad


def _row(width: int, planes: bytes | bytearray) -> bytes:
    packer = zlib_ng.compressobj(wbits=RAW)
    return bytes((VERSION, width)) + packer.compress(planes) + packer.flush()


def _pack_few(minutes: MinuteCounts) -> bytes | None:
    """The row of so few minutes; None: they are too many, or have more events than a byte holds."""
    if len(minutes) > MOST_FEW:
        return None
    which = sorted(minutes)
    counts = [minutes[minute][column] for column in (0, 1) for minute in which]
    with suppress(error):
        return pack(f"<B{len(which)}H{len(counts)}B", FEW, *which, *counts)
    return None


def _few(row: bytes) -> dict[int, tuple[int, int]] | None:
    """The minutes of a row that has few of them; None: it is one of another version.

    Raises:
        UnreadableRowError: damaged.
    """
    if row[:1] != bytes((FEW,)):
        return None
    count, rest = divmod(len(row) - 1, 4)
    _, *numbers = unpack(f"<B{count}H{2 * count}B{rest}x", row)
    if rest or max(numbers[:count], default=0) >= DAY_MINUTES:
        raise UnreadableRowError(f"a row of {len(row)} bytes is none of a few minutes of a day")
    return dict(zip(numbers[:count], zip(numbers[count : 2 * count], numbers[2 * count :], strict=True), strict=True))


def _planes(row: bytes) -> tuple[int, bytes]:
    """The width of the counts of a day, and their bytes."""
    version = row[0] if len(row) > 1 else None
    if version == VERSION:
        width, planes = row[1], inflate(row[2:])
    elif version == _BY_ZSTD:
        width, planes = 4, by_zstd(row)
    elif (few := _few(row)) is not None:
        width, planes = 1, bytes(_added(bytearray(2 * DAY_MINUTES), few))
    else:
        raise unknown(row)
    if not 1 <= width <= 4 or len(planes) != 2 * DAY_MINUTES * width:
        raise UnreadableRowError(f"a day of {len(planes)} bytes, not {2 * DAY_MINUTES} counts")
    return width, planes
