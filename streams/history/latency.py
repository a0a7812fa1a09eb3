"""Latencies as a histogram: buckets that grow by 2^(1/8), so that a percentile is right within 4.4 %.

Histograms add up: the same events give the same percentile in whatever order, and however many were added before.
Bucket 8 e + i holds durations from 2^e x 2^(i/8) ms on; a duration of nothing has one of its own.

A row of version 4 is one deflate stream of a head and four lists of numbers, each in planes, as in `codec`, and a block
with a code of its own unless they are short: how many entries each slot has; the first bucket of each slot, above the
least of the row; the steps from each entry to the next of its slot; and the events of each entry. Where events are few,
an entry is one event, and the last list is empty. Slots with more entries come first, and steps lie by their place in
the slot: those to the second entries of all slots, then to the third ones, so that all are added up at once. The head
has the least bucket, whether events are few, and the widths of the lists. A row of version 5 has but a few entries:
their slots and their buckets, 16 bits each, and a byte for how many events each has. Rows of versions 1 and 3 are other
lists, compressed by zstd. (A row of kind 2 is in `recent`.)
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import accumulate, islice, pairwise, zip_longest
from math import ceil, frexp
from operator import add, sub
from struct import Struct, error, pack, unpack
from typing import Final

from zlib_ng import zlib_ng

from streams.history.codec import (
    FEW,
    MOST_FEW,
    RAW,
    VERSION,
    UnreadableRowError,
    by_zstd,
    from_planes,
    in_planes,
    inflate,
    unknown,
)

SLOT_MS: Final = 300_000
CHUNK_SLOTS: Final = 72
"""Rows are numbered by six hours of five minutes each since 1970."""
DAY_CHUNKS: Final = 4
DAY_SLOTS: Final = DAY_CHUNKS * CHUNK_SLOTS
"""A row holds a day and has the number of its first six hours; those that are older than this rule hold six hours."""
_EIGHTHS: Final = tuple(2 ** (i / 8) for i in range(8))
_ZERO: Final = -0x8000
_IN_PAIRS: Final = 1
_BY_SLOTS: Final = 3
_HEAD: Final = Struct("<HB4B")
_FEW: Final = 10
"""Up to so many events a slot on average take less room one by one than buckets with their counts."""

_SPARSE: Final = 40
"""So many buckets take less room in one block, and less time, than in blocks with codes of their own."""

_BUCKET_BITS: Final = 16
_BUCKETS: Final = (1 << _BUCKET_BITS) - 1
_BUCKET_OFFSET: Final = 0x8000

Slots = Mapping[int, int]
"""Slot of the row and bucket in one number (`place_in`) -> events."""


def bucket_of(duration_ms: float) -> int:
    """The bucket of a finite duration >= 0; fits 16 bits signed."""
    if duration_ms == 0:
        return _ZERO
    mantissa, exponent = frexp(duration_ms)  # exact, as the comparisons are: no logarithm that rounds
    return 8 * (exponent - 1) + bisect_right(_EIGHTHS, 2 * mantissa) - 1


def place_in(slot: int, bucket: int) -> int:
    """Slot and bucket in one number."""
    return slot << _BUCKET_BITS | bucket + _BUCKET_OFFSET


def first_place(slot: int) -> int:
    """The least place of a slot, and of all that come after."""
    return slot << _BUCKET_BITS


def slot_and_bucket(place: int) -> tuple[int, int]:
    """What `place_in` has put into one number."""
    return place >> _BUCKET_BITS, (place & _BUCKETS) - _BUCKET_OFFSET


def duration_of(bucket: int) -> float:
    """What a bucket stands for, ms: the geometric middle of its ends."""
    return 0.0 if bucket == _ZERO else 2.0 ** ((bucket + 0.5) / 8)


def percentiles(histogram: Mapping[int, int], percents: Sequence[int]) -> list[float | None]:
    """Of each percent the least duration, ms, that so many of the events did not exceed; None without events."""
    buckets = sorted(histogram)
    upto = list(accumulate(histogram[bucket] for bucket in buckets))
    if not upto or upto[-1] == 0:
        return [None] * len(percents)
    ranks = (max(1, ceil(upto[-1] * percent / 100)) for percent in percents)
    return [duration_of(buckets[bisect_left(upto, rank)]) for rank in ranks]


def read_chunk(row: bytes, first_slot: int = 0) -> Counter[int]:
    """The histograms of a row, as `Slots`, whose first slot is this one.

    Raises:
        UnreadableRowError: damaged, or written by a newer version.
    """
    if row[:1] == bytes((VERSION,)):
        return _read(inflate(row[1:]), first_slot)
    if row[:1] == bytes((_BY_SLOTS,)):
        return _read_by_slots(from_planes(by_zstd(row), 4), first_slot)
    if row[:1] == bytes((_IN_PAIRS,)):
        return _read_pairs(from_planes(by_zstd(row), 4), first_slot)
    if row[:1] == bytes((FEW,)):
        return _read_few(row, first_slot)
    raise unknown(row)


def add_to_chunk(row: bytes | None, slots: Slots) -> bytes:
    """The row with these events added; None: the first ones.

    Raises:
        UnreadableRowError: as `read_chunk`.
    """
    found: Slots = slots
    if row is not None:
        found = read_chunk(row)
        found.update(slots)
    few = _pack_few(found)
    if few is not None:
        return few
    by_slot: dict[int, list[int]] = {}
    for place in sorted(found):
        by_slot.setdefault(place >> _BUCKET_BITS, []).append(place)
    are_few = sum(found.values()) <= _FEW * len(by_slot)
    if are_few and set(found.values()) != {1}:
        by_slot = {slot: [one for one in places for _ in range(found[one])] for slot, places in by_slot.items()}
    per_slot = [0] * DAY_SLOTS
    for slot, entries in by_slot.items():
        per_slot[slot] = len(entries)
    layers = [
        [place for place in layer if place is not None]
        for layer in zip_longest(*sorted(by_slot.values(), key=len, reverse=True))
    ]
    firsts = [place & _BUCKETS for place in layers[0]]
    least = min(firsts)
    steps = [step for one, following in pairwise(layers) for step in map(sub, following, one)]
    counts = [] if are_few else [found[place] for layer in layers for place in layer]
    lists = per_slot, [first - least for first in firsts], steps, counts
    widths, planes = zip(*map(in_planes, lists), strict=True)
    blocks = [_HEAD.pack(least, are_few, *widths), *filter(None, planes)]
    if len(found) <= _SPARSE:
        blocks = [b"".join(blocks)]
    packer = zlib_ng.compressobj(wbits=RAW, strategy=zlib_ng.Z_RLE)
    packed = [bytes((VERSION,))]
    for block in blocks[:-1]:
        packed += [packer.compress(block), packer.flush(zlib_ng.Z_BLOCK)]
    return b"".join([*packed, packer.compress(blocks[-1]), packer.flush()])


def _pack_few(slots: Slots) -> bytes | None:
    """The row of so few entries; None: they are too many, or have more events than a byte holds."""
    if len(slots) > MOST_FEW:
        return None
    places = sorted(slots)
    where = [half for place in places for half in (place >> _BUCKET_BITS, place & _BUCKETS)]
    with suppress(error):
        return pack(f"<B{len(where)}H{len(places)}B", FEW, *where, *map(slots.__getitem__, places))
    return None


def _read_few(row: bytes, first_slot: int) -> Counter[int]:
    count, rest = divmod(len(row) - 1, 5)
    _, *numbers = unpack(f"<B{2 * count}H{count}B{rest}x", row)
    slots, buckets = numbers[: 2 * count : 2], numbers[1 : 2 * count : 2]
    if rest or max(slots, default=0) >= DAY_SLOTS:
        raise UnreadableRowError(f"a histogram of {len(row)} bytes is none of a few entries of a day")
    places = [(first_slot + slot << _BUCKET_BITS) + bucket for slot, bucket in zip(slots, buckets, strict=True)]
    return Counter(dict(zip(places, numbers[2 * count :], strict=True)))


def _order(per_slot: Sequence[int]) -> list[int]:
    """The slots that have entries, those with more of them first."""
    slots = [slot for slot in range(DAY_SLOTS) if per_slot[slot]]
    return sorted(slots, key=per_slot.__getitem__, reverse=True)


def _read(raw: bytes, first_slot: int) -> Counter[int]:
    if len(raw) < _HEAD.size:
        raise UnreadableRowError(f"a histogram of {len(raw)} bytes has no head")
    least, are_few, *widths = _HEAD.unpack_from(raw)
    at = _HEAD.size

    def take(count: int) -> Sequence[int]:
        nonlocal at
        width = widths.pop(0)
        start, at = at, at + count * width
        if at > len(raw) or not 1 <= width <= 4:
            raise UnreadableRowError(f"a histogram of {len(raw)} bytes breaks off")
        return raw[start:at] if width == 1 else from_planes(raw[start:at], width)

    per_slot = take(DAY_SLOTS)
    order = _order(per_slot)
    firsts = take(len(order))
    steps = take(sum(per_slot) - len(order))
    base = (first_slot << _BUCKET_BITS) + least
    layer = [(slot << _BUCKET_BITS) + base + first for slot, first in zip(order, firsts, strict=True)]
    places, begin, rank = list(layer), 0, len(order)
    for depth in range(1, max(per_slot)):
        while per_slot[order[rank - 1]] <= depth:
            rank -= 1
        layer = list(map(add, layer, steps[begin : begin + rank]))
        places += layer
        begin += rank
    return Counter(places) if are_few else Counter(dict(zip(places, take(len(places)), strict=True)))


def _read_by_slots(numbers: "array[int]", first_slot: int) -> Counter[int]:
    """Of version 3: least bucket, how many entries have more events, and the same lists slot by slot."""
    head = 2 + DAY_SLOTS
    entries = sum(numbers[2:head])
    if len(numbers) < head or len(numbers) != head + entries + 2 * numbers[1]:
        raise UnreadableRowError(f"a histogram of {len(numbers)} numbers, which do not go together")
    least, repeated = numbers[0] - _BUCKET_OFFSET, numbers[1]
    places: list[int] = []
    at = head
    for slot, count in enumerate(numbers[2:head], first_slot):
        places += [place_in(slot, least + step) for step in accumulate(numbers[at : at + count])]
        at += count
    found = Counter(places)
    where = list(accumulate(numbers[at : at + repeated]))
    if where and where[-1] >= entries:
        raise UnreadableRowError(f"a histogram of {entries} entries has no entry {where[-1]}")
    for entry, more in zip(where, numbers[at + repeated :], strict=True):
        found[places[entry]] += more
    return found


def _read_pairs(columns: "array[int]", first_slot: int) -> Counter[int]:
    """Of version 1: the places of all buckets, by the steps between them, and their events."""
    half, rest = divmod(len(columns), 2)
    if rest:
        raise UnreadableRowError(f"a histogram of {len(columns)} numbers, which should be pairs")
    places = accumulate(columns[:half], initial=first_slot << _BUCKET_BITS)
    return Counter(dict(zip(islice(places, 1, None), columns[half:], strict=True)))
