"""What a commit has counted of a series and day, as it is appended, and the adding up of rows of any kind.

A row is numbers of 32 bits: how many minutes, above a lowest byte that says what kind of row it is; the minutes, their
good and their bad events; places of latencies (`latency.place_in`), and how many are there. It is small and quickly
written, and is compressed once it is folded into the row of its day.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from struct import Struct, unpack
from typing import Final, TypeVar

from streams.history.codec import DAY_MINUTES, MinuteCounts, UnreadableRowError, read_day
from streams.history.latency import Slots, first_place, read_chunk

_KIND: Final = 2
"""Byte 0 of a row, where others have the version of their format."""
_OF_ONE: Final = Struct("6I")

Key = TypeVar("Key")
Day = tuple["array[int]", "array[int]"]
"""Good and bad events of each minute of a day."""
ReadDay = tuple[Sequence[int], Sequence[int]]
"""The same, not to be changed."""


def pack_recent(minutes: MinuteCounts, latencies: Slots) -> bytes:
    """A row: minute of the day -> good and bad events; place of a latency -> events."""
    if len(minutes) == len(latencies) == 1:  # as most where series are many, and packed in a third of the time
        ((minute, counts),), ((place, events),) = minutes.items(), latencies.items()
        return _OF_ONE.pack(_KIND | 1 << 8, minute, *counts, place, events)
    good, bad = zip(*minutes.values(), strict=True) if minutes else ((), ())
    numbers = [_KIND | len(minutes) << 8, *minutes, *good, *bad, *latencies, *latencies.values()]
    return array("I", numbers).tobytes()


def is_recent(row: bytes) -> bool:
    """Whether it is a row of this kind."""
    return row[:1] == bytes((_KIND,))


def latencies_in(row: bytes) -> Slots:
    """The latencies of a row of this kind.

    Raises:
        UnreadableRowError: damaged.
    """
    numbers, _, places, events = _read(row)
    return dict(zip(numbers[places:events], numbers[events:], strict=True))


def add_up(rows: Iterable[bytes]) -> tuple[MinuteCounts, Slots]:
    """Minutes and latencies of all rows of this kind of a series and day.

    Raises:
        UnreadableRowError: a row is damaged.
    """
    counts: dict[int, tuple[int, int]] = {}
    slots: dict[int, int] = {}
    for row in rows:
        numbers, count, places, events = _read(row)
        for at in range(1, 1 + count):
            good, bad = counts.get(numbers[at], (0, 0))
            counts[numbers[at]] = good + numbers[at + count], bad + numbers[at + 2 * count]
        for place, more in zip(numbers[places:events], numbers[events:], strict=True):
            slots[place] = slots.get(place, 0) + more
    return counts, slots


def no_minutes() -> Day:
    """A day without any event."""
    return array("I", bytes(4 * DAY_MINUTES)), array("I", bytes(4 * DAY_MINUTES))


def add_days(rows: Iterable[tuple[Key, bytes]]) -> dict[Key, Day]:
    """Minutes of days: of each key those of all its rows.

    Raises:
        UnreadableRowError: a row is damaged, or was written by a newer version.
    """
    found: dict[Key, Day] = {}
    for key, row in rows:
        day = found.get(key)
        if is_recent(row):
            if day is None:
                day = found[key] = no_minutes()
            good, bad = day
            numbers, count, _, _ = _read(row)
            for at in range(1, 1 + count):
                good[numbers[at]] += numbers[at + count]
                bad[numbers[at]] += numbers[at + 2 * count]
        elif day is None:
            found[key] = read_day(row)
        else:
            good, bad = (array("I", map(sum, zip(*pair, strict=True))) for pair in zip(day, read_day(row), strict=True))
            found[key] = good, bad
    return found


def histograms_in(row: bytes) -> Slots:
    """The latencies of a row of any kind.

    Raises:
        UnreadableRowError: it is damaged, or was written by a newer version.
    """
    return latencies_in(row) if is_recent(row) else read_chunk(row)


def add_latencies(rows: Iterable[tuple[int, bytes]]) -> Counter[int]:
    """The latencies of all rows of a series, each with its first slot since 1970: by such slots.

    Raises:
        UnreadableRowError: a row is damaged, or was written by a newer version.
    """
    found = Counter[int]()
    for first_slot, row in rows:
        if is_recent(row):
            more = Counter({first_place(first_slot) + at: n for at, n in latencies_in(row).items()})
        else:
            more = read_chunk(row, first_slot)
        if found.keys().isdisjoint(more):  # as days are: a dict takes them a good deal faster than a counter
            dict.update(found, more)
        else:
            found.update(more)
    return found


def _read(row: bytes) -> tuple[Sequence[int], int, int, int]:
    """All numbers of a row, how many minutes there are, and from where on are places of latencies and their events."""
    if len(row) % 4:
        raise UnreadableRowError(f"a row of {len(row)} bytes is no row of numbers")
    numbers = unpack(f"{len(row) // 4}I", row)
    count = numbers[0] >> 8
    places = 1 + 3 * count
    half, rest = divmod(len(numbers) - places, 2)
    if half < 0 or rest:
        raise UnreadableRowError(f"a row of {count} minutes has {len(numbers) - 1} numbers")
    return numbers, count, places, places + half
