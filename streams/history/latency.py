"""Latencies as a histogram: buckets that grow by 2^(1/8), so that a percentile is right within 4.4 %.

Histograms add up: the same events give the same percentile in whatever order, and however many were added before.
Bucket 8 e + i holds durations from 2^e x 2^(i/8) ms on; a duration of nothing has one of its own.

A row is numbers, packed as `codec.pack` does: its least bucket; how many entries have more events than their times say;
how many entries each slot has; of each entry how far its bucket lies above the one before it in its slot, or above the
least; and which entries have more events, by the gaps between them, and how many. An entry comes once for each event,
up to three times: single events, which are most, take no room for a count. In rows of version 1 there are
the places of all buckets, by the steps between them, and their events. (A row of kind 2 is in `recent`.)
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
_IN_PAIRS: Final = 1
_VERSION: Final = 3
_HEAD: Final = 2 + DAY_SLOTS
_MOST_TIMES: Final = 3

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
    if row[:1] == bytes((_IN_PAIRS,)):
        return _read_pairs(unpack(row, _IN_PAIRS))
    numbers = unpack(row, _VERSION)
    entries = sum(numbers[2:_HEAD])
    if len(numbers) < _HEAD or len(numbers) != _HEAD + entries + 2 * numbers[1]:
        raise UnreadableRowError(f"a histogram of {len(numbers)} numbers, which do not go together")
    least, repeated = numbers[0] - _BUCKET_OFFSET, numbers[1]
    places: list[tuple[int, int]] = []
    at = _HEAD
    for slot, count in enumerate(numbers[2:_HEAD]):
        places += [(slot, least + step) for step in accumulate(numbers[at : at + count])]
        at += count
    found = Counter(places)
    where = list(accumulate(numbers[at : at + repeated]))
    if where and where[-1] >= entries:
        raise UnreadableRowError(f"a histogram of {entries} entries has no entry {where[-1]}")
    for entry, more in zip(where, numbers[at + repeated :], strict=True):
        found[places[entry]] += more
    return found


def add_to_chunk(row: bytes | None, slots: Slots) -> bytes:
    """The row with these events added; None: the first ones.

    Raises:
        UnreadableRowError: as `read_chunk`.
    """
    found = Counter[tuple[int, int]]() if row is None else read_chunk(row)
    found.update(slots)
    least = min(bucket for _, bucket in found)
    per_slot, steps, more = [0] * DAY_SLOTS, array("I"), list[tuple[int, int]]()
    last_slot, last_bucket = -1, least
    for (slot, bucket), count in sorted(found.items()):
        times = min(count, _MOST_TIMES)
        if count > times:
            more.append((len(steps), count - times))
        steps.append(bucket - (last_bucket if slot == last_slot else least))
        steps.extend([0] * (times - 1))
        per_slot[slot] += times
        last_slot, last_bucket = slot, bucket
    entries = [entry for entry, _ in more]
    gaps = map(sub, entries, [0, *entries])
    head = array("I", [least + _BUCKET_OFFSET, len(more), *per_slot])
    return pack(_VERSION, head + steps + array("I", [*gaps, *(count for _, count in more)]))


def _read_pairs(columns: "array[int]") -> Counter[tuple[int, int]]:
    half, rest = divmod(len(columns), 2)
    if rest:
        raise UnreadableRowError(f"a histogram of {len(columns)} numbers, which should be pairs")
    places = map(slot_and_bucket, accumulate(columns[:half]))
    return Counter(dict(zip(places, columns[half:], strict=True)))
