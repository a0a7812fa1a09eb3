"""What a commit has counted of a series and day, as it is appended, and the adding up of rows of any kind.

A row is numbers of 32 bits: how many minutes, above a lowest byte that says what kind of row it is; the minutes, their
good and their bad events; places of latencies (`latency.place_in`), and how many are there. It is small and quickly
written, and is compressed once it is folded into the row of its day.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from streams.history.codec import DAY_MINUTES, UnreadableRowError, read_day
from streams.history.latency import Slots, first_place, read_chunk

_KIND: Final = 2
"""Byte 0 of a row, where others have the version of their format."""

Key = TypeVar("Key")
Day = tuple["array[int]", "array[int]"]
"""Good and bad events of each minute of a day."""
ReadDay = tuple[Sequence[int], Sequence[int]]
"""The same, not to be changed."""


def pack_recent(minutes: Mapping[int, tuple[int, int]], latencies: Mapping[int, int]) -> bytes:
    """A row: minute of the day -> good and bad events; place of a latency -> events."""
    numbers = [_KIND | len(minutes) << 8, *minutes]
    numbers += [good for good, _ in minutes.values()]
    numbers += [bad for _, bad in minutes.values()]
    return array("I", [*numbers, *latencies, *latencies.values()]).tobytes()


def is_recent(row: bytes) -> bool:
    """Whether it is a row of this kind."""
    return row[:1] == bytes((_KIND,))


def minutes_in(row: bytes) -> Mapping[int, tuple[int, int]]:
    """The minutes of a row of this kind.

    Raises:
        UnreadableRowError: damaged.
    """
    numbers, count = _numbers(row)
    minutes, good, bad = (numbers[at : at + count] for at in (0, count, 2 * count))
    return dict(zip(minutes, zip(good, bad, strict=True), strict=True))


def latencies_in(row: bytes) -> Slots:
    """The latencies of a row of this kind.

    Raises:
        UnreadableRowError: damaged.
    """
    numbers, count = _numbers(row)
    half = (len(numbers) - 3 * count) // 2
    return dict(zip(numbers[3 * count : 3 * count + half], numbers[3 * count + half :], strict=True))


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
            for minute, (more_good, more_bad) in minutes_in(row).items():
                good[minute] += more_good
                bad[minute] += more_bad
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


def _numbers(row: bytes) -> tuple["array[int]", int]:
    """All numbers behind the first, and how many minutes there are."""
    if len(row) % 4:
        raise UnreadableRowError(f"a row of {len(row)} bytes is no row of numbers")
    numbers = array("I", row)
    count = numbers.pop(0) >> 8
    if 3 * count > len(numbers) or (len(numbers) - 3 * count) % 2:
        raise UnreadableRowError(f"a row of {count} minutes has {len(numbers)} numbers")
    return numbers, count
