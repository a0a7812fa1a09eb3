"""A series and day in a few hundred bytes: good and bad of its 1,440 minutes.

    row = add_to_day(None, {0: (3, 1)})          3 good and 1 bad events in the first minute of the day
    row = add_to_day(row, {0: (1, 0), 719: (0, 2)})
    good, bad = read_day(row)                    1,440 counts each

Byte 0 is the version of the format; in version 1 zstd follows, of 1,440 good and then 1,440 bad counts, unsigned, 32
bits, little endian. Two planes beat a list of the minutes that have something: as small, and five times as fast.
"""

from array import array
from collections.abc import Iterable, Mapping
from typing import Final

import cramjam

MINUTE_MS: Final = 60_000
DAY_MINUTES: Final = 1_440
_VERSION: Final = 1
_LEVEL: Final = 3
_PLANE_BYTES: Final = 4 * DAY_MINUTES

MinuteCounts = Mapping[int, Iterable[int]]
"""Minute of the day -> good and bad events."""


class UnreadableRowError(Exception):
    """A stored row is damaged, or of a format that this version does not know."""


def read_day(row: bytes) -> "tuple[array[int], array[int]]":
    """Good and bad events of each minute of a day.

    Raises:
        UnreadableRowError: damaged, or written by a newer version.
    """
    planes = unpack(row, _VERSION)
    if len(planes) != 2 * _PLANE_BYTES:
        raise UnreadableRowError(f"a day of {len(planes)} bytes, not {2 * _PLANE_BYTES}")
    good, bad = array("I"), array("I")
    good.frombytes(planes[:_PLANE_BYTES])
    bad.frombytes(planes[_PLANE_BYTES:])
    return good, bad


def add_to_day(row: bytes | None, minutes: MinuteCounts) -> bytes:
    """The row with these events added; None: the first ones of that day.

    Raises:
        UnreadableRowError: as `read_day`.
        OverflowError: more than 4,294,967,295 in a minute, or less than nothing.
    """
    if row is None:
        good, bad = array("I", bytes(_PLANE_BYTES)), array("I", bytes(_PLANE_BYTES))
    else:
        good, bad = read_day(row)
    for minute, (more_good, more_bad) in minutes.items():
        good[minute] += more_good
        bad[minute] += more_bad
    return pack(_VERSION, good.tobytes() + bad.tobytes())


def pack(version: int, data: bytes) -> bytes:
    """Compressed, behind the version of its format."""
    return bytes((version,)) + bytes(cramjam.zstd.compress(data, level=_LEVEL))


def unpack(row: bytes, version: int) -> bytes:
    """What was packed.

    Raises:
        UnreadableRowError: damaged, or of another version.
    """
    if not row or row[0] != version:
        raise UnreadableRowError(f"a row of format {row[0] if row else 'none'}; this version knows {version}")
    try:
        return bytes(cramjam.zstd.decompress(row[1:]))
    except cramjam.DecompressionError as problem:
        raise UnreadableRowError(f"a damaged row: {problem}") from None
