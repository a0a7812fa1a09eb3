"""A series and day in a few hundred bytes: good and bad of its 1,440 minutes.

    row = add_to_day(None, {0: (3, 1)})          3 good and 1 bad events in the first minute of the day
    row = add_to_day(row, {0: (1, 0), 719: (0, 2)})
    good, bad = read_day(row)                    1,440 counts each

Byte 0 is the version of the format; in version 1 zstd follows, of 1,440 good and then 1,440 bad counts of 32 bits: the
lowest bytes of all, then the next of all, and so on. What hardly ever changes lies together, and takes no room.
"""

from array import array
from collections.abc import Iterable, Mapping
from typing import Final

import cramjam

MINUTE_MS: Final = 60_000
HOUR_MINUTES: Final = 60
DAY_MINUTES: Final = 1_440
_VERSION: Final = 1
_LEVEL: Final = 3

MinuteCounts = Mapping[int, Iterable[int]]
"""Minute of the day -> good and bad events."""


class UnreadableRowError(Exception):
    """A stored row is damaged, or of a format that this version does not know."""


def read_day(row: bytes) -> "tuple[array[int], array[int]]":
    """Good and bad events of each minute of a day.

    Raises:
        UnreadableRowError: damaged, or written by a newer version.
    """
    counts = unpack(row, _VERSION)
    if len(counts) != 2 * DAY_MINUTES:
        raise UnreadableRowError(f"a day of {len(counts)} counts, not {2 * DAY_MINUTES}")
    return counts[:DAY_MINUTES], counts[DAY_MINUTES:]


def add_to_day(row: bytes | None, minutes: MinuteCounts) -> bytes:
    """The row with these events added; None: the first ones of that day.

    Raises:
        UnreadableRowError: as `read_day`.
        OverflowError: more than 4,294,967,295 in a minute, or less than nothing.
    """
    if row is None:
        good, bad = array("I", bytes(4 * DAY_MINUTES)), array("I", bytes(4 * DAY_MINUTES))
    else:
        good, bad = read_day(row)
    for minute, (more_good, more_bad) in minutes.items():
        good[minute] += more_good
        bad[minute] += more_bad
    return pack(_VERSION, good + bad)


def pack(version: int, numbers: "array[int]") -> bytes:
    """Numbers of 32 bits, compressed, behind the version of their format."""
    raw = numbers.tobytes()
    planes = b"".join(raw[byte::4] for byte in range(4))
    return bytes((version,)) + bytes(cramjam.zstd.compress(planes, level=_LEVEL))


def unpack(row: bytes, version: int) -> "array[int]":
    """What was packed.

    Raises:
        UnreadableRowError: damaged, or of another version.
    """
    if not row or row[0] != version:
        raise UnreadableRowError(f"a row of format {row[0] if row else 'none'}; this version knows {version}")
    try:
        planes = bytes(cramjam.zstd.decompress(row[1:]))
    except cramjam.DecompressionError as problem:
        raise UnreadableRowError(f"a damaged row: {problem}") from None
    count, rest = divmod(len(planes), 4)
    if rest:
        raise UnreadableRowError(f"a row of {len(planes)} bytes is no row of numbers")
    raw = bytearray(len(planes))
    for byte in range(4):
        raw[byte::4] = planes[byte * count : (byte + 1) * count]
    return array("I", bytes(raw))
