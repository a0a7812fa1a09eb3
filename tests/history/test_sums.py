"""Sums of days against single minutes: whatever stretch is asked for, and whichever days were unpacked for it."""

from array import array
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streams.history.codec import DAY_MINUTES, add_to_day, read_small_day
from streams.history.minutes import Minutes, chosen
from streams.history.recent import add_days
from streams.history.sums import SeriesSums, SourceSums, UnreadPartError
from streams.history.tally import Tally

FIRST_DAY = 20_500
DAYS = 4
START = FIRST_DAY * DAY_MINUTES
END = START + DAYS * DAY_MINUTES

Plain = dict[int, tuple[int, int]]
"""Minute since the first day -> good and bad events."""
PLAIN = st.dictionaries(
    st.integers(0, DAYS * DAY_MINUTES - 1),
    st.tuples(st.integers(0, 3) | st.just(300), st.integers(0, 2)).filter(any),
    max_size=12,
)
RANGES = (
    st.lists(st.integers(START, END), min_size=2, max_size=6)
    .map(sorted)
    .map(lambda at: list(zip(at[::2], at[1::2], strict=False)))
)


def packed(plain: Plain, day: int) -> bytes:
    of_day = {at % DAY_MINUTES: counts for at, counts in plain.items() if at // DAY_MINUTES == day}
    return add_to_day(None, of_day)


def told(plain: Plain, read: set[int]) -> SourceSums:
    """Sums of all days with events, and the minutes of those that were read."""
    days = {FIRST_DAY + day: packed(plain, day) for day in sorted({at // DAY_MINUTES for at in plain})}
    minutes = add_days(days.items())
    sums = SourceSums(list(days), *([sum(minutes[day][which]) for day in days] for which in (0, 1)))
    for day, row in days.items():
        if day - FIRST_DAY in read:
            sums.read(day, read_small_day(row) or minutes[day])
    return sums


def minutes(plain: Plain) -> Minutes:
    good, bad = (array("I", [plain.get(at, (0, 0))[which] for at in range(DAYS * DAY_MINUTES)]) for which in (0, 1))
    return Minutes(START, good, bad)


def naive(plains: list[Plain], ranges: list[tuple[int, int]]) -> tuple[int, int]:
    """What is left when all but the ranges is excluded, over the whole time that they span."""
    start, end = ranges[0][0], ranges[-1][1]
    spans = [(before * 60_000, after * 60_000) for (_, before), (after, _) in pairwise(ranges)]
    counts = chosen([minutes(plain).between(start, end).without(spans) for plain in plains]).counts
    return counts.good, counts.bad


@given(st.lists(PLAIN, min_size=1, max_size=2), RANGES, st.sets(st.integers(0, DAYS - 1)))
def test_ranges_are_told_as_their_minutes_are_or_not_at_all(
    plains: list[Plain], ranges: list[tuple[int, int]], read: set[int]
) -> None:
    sums = SeriesSums("app", "scope", START, [told(plain, read) for plain in plains])
    try:
        found = sums.counted(ranges)
    except UnreadPartError:
        assert read != set(range(DAYS))
    else:
        assert found == naive(plains, ranges)


@given(PLAIN, PLAIN, RANGES)
def test_what_is_counted_on_is_told_as_if_it_had_been_stored(
    before: Plain, more: Plain, ranges: list[tuple[int, int]]
) -> None:
    sums = SeriesSums("app", "scope", START, [told(before, set(range(DAYS)))])
    sums.counted(ranges)
    tally = Tally()
    for at, (good, bad) in more.items():
        tally.turn_to(START + at)
        tally.good += good
        tally.bad += bad
    sums.add([tally])
    both = {at: plus(before.get(at, (0, 0)), more.get(at, (0, 0))) for at in before | more}
    assert sums.counted(ranges) == naive([both], ranges)


def test_a_day_whose_minutes_fit_into_bytes_and_its_sum_into_no_checksum_is_added_up() -> None:
    plain = dict.fromkeys(range(DAY_MINUTES), (250, 60))
    sums = SeriesSums("app", "scope", START, [told(plain, {0})])
    assert sums.counted([(START + 1, START + 1_439)]) == (250 * 1_438, 60 * 1_438)


def plus(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]
