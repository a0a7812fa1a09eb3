"""Latencies as a histogram: buckets that grow by 2^(1/8), so that a percentile is right within 4.4 %.

Histograms add up: the same events give the same percentile in whatever order, and however many were added before.
Bucket 8 e + i holds durations from 2^e x 2^(i/8) ms on; a duration of nothing has one of its own.
"""

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from itertools import accumulate
from math import ceil, frexp
from operator import sub
from typing import Final

from streams.history.codec import UnreadableRowError, pack, unpack

SLOT_MS: Final = 300_000
CHUNK_SLOTS: Final = 72
"""Rows are numbered by six hours of five minutes each since 1970."""
DAY_CHUNKS: Final = 4
DAY_SLOTS: Final = DAY_CHUNKS * CHUNK_SLOTS
"""A row holds a day and has the number of its first six hours; those that are older than this rule hold six hours."""
_EIGHTHS: Final = tuple(2 ** (i / 8) for i in range(8))
_ZERO: Final = -0x8000
_VERSION: Final = 1

_BUCKET_BITS: Final = 16
_BUCKET_OFFSET: Final = 0x8000

Slots = Mapping[tuple[int, int], int]
"""(Slot of the row, bucket) -> events."""


def bucket_of(duration_ms: float) -> int:
    """The bucket of a finite duration >= 0; fits 16 bits signed."""
    if duration_ms == 0:
        return _ZERO
    mantissa, exponent = frexp(duration_ms)  # exact, as the comparisons are: no logarithm that rounds
    return 8 * (exponent - 1) + bisect_right(_EIGHTHS, 2 * mantissa) - 1


def place_in(slot: int, bucket: int) -> int:
    """Slot and bucket in one number."""
    return slot << _BUCKET_BITS | bucket + _BUCKET_OFFSET


def slot_and_bucket(place: int) -> tuple[int, int]:
    """What `place_in` has put into one number."""
    return place >> _BUCKET_BITS, (place & (1 << _BUCKET_BITS) - 1) - _BUCKET_OFFSET


def duration_of(bucket: int) -> float:
    """What a bucket stands for, ms: the geometric middle of its ends."""
    return 0.0 if bucket == _ZERO else 2.0 ** ((bucket + 0.5) / 8)


def percentile(histogram: Mapping[int, int], percent: int) -> float | None:
    """The least duration, ms, that so many percent of the events did not exceed; None without events."""
    total = sum(histogram.values())
    if total == 0:
        return None
    rank = max(1, ceil(total * percent / 100))
    for bucket in sorted(histogram):
        rank -= histogram[bucket]
        if rank <= 0:
            return duration_of(bucket)
    raise AssertionError("the ranks of all buckets are those of all events")


def read_chunk(row: bytes) -> Counter[tuple[int, int]]:
    """The histograms of a row.

    Raises:
        UnreadableRowError: damaged, or written by a newer version.
    """
    columns = unpack(row, _VERSION)
    half, rest = divmod(len(columns), 2)
    if rest:
        raise UnreadableRowError(f"a histogram of {len(columns)} numbers, which should be pairs")
    places = map(slot_and_bucket, accumulate(columns[:half]))
    return Counter(dict(zip(places, columns[half:], strict=True)))


def add_to_chunk(row: bytes | None, slots: Slots) -> bytes:
    """The row with these events added; None: the first ones.

    Raises:
        UnreadableRowError: as `read_chunk`.
    """
    found = Counter[tuple[int, int]]() if row is None else read_chunk(row)
    found.update(slots)
    rows = sorted(found.items())
    places = [place_in(slot, bucket) for (slot, bucket), _ in rows]
    steps = map(sub, places, [0, *places])  # small, and much alike
    return pack(_VERSION, array("I", [*steps, *(count for _, count in rows)]))
