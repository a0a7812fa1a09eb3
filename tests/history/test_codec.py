"""Packed rows against a plain table: whatever was added is read again, in whatever order it came."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.history.codec import DAY_MINUTES, UnreadableRowError, add_to_day, read_day
from streams.history.latency import (
    DAY_SLOTS,
    add_to_chunk,
    bucket_of,
    duration_of,
    first_place,
    percentiles,
    place_in,
    read_chunk,
)
from streams.history.recent import add_days, add_latencies, pack_recent

EVENTS = st.integers(0, 200) | st.integers(0, 2**28)  # few fit into a byte, and some of their sums do not
MINUTES = st.dictionaries(st.integers(0, DAY_MINUTES - 1), st.tuples(EVENTS, EVENTS), max_size=20)
DURATIONS_MS = st.one_of(st.floats(0, allow_infinity=False), st.integers(0, 100_000).map(float))
SLOTS = st.dictionaries(
    st.builds(place_in, st.integers(0, DAY_SLOTS - 1), DURATIONS_MS.map(bucket_of)), st.integers(1, 2**28), max_size=60
)


@given(st.lists(MINUTES, min_size=1, max_size=8))
def test_a_day_is_the_sum_of_what_was_added(additions: list[dict[int, tuple[int, int]]]) -> None:
    row: bytes | None = None
    for minutes in additions:
        row = add_to_day(row, minutes)
    assert row is not None
    good, bad = read_day(row)
    plain_good, plain_bad = Counter[int](), Counter[int]()
    for minutes in additions:
        plain_good.update({minute: counts[0] for minute, counts in minutes.items()})
        plain_bad.update({minute: counts[1] for minute, counts in minutes.items()})
    assert list(good) == [plain_good[minute] for minute in range(DAY_MINUTES)]
    assert list(bad) == [plain_bad[minute] for minute in range(DAY_MINUTES)]


@given(MINUTES, MINUTES)
def test_the_order_of_additions_leaves_no_trace(
    one: dict[int, tuple[int, int]], two: dict[int, tuple[int, int]]
) -> None:
    assert add_to_day(add_to_day(None, one), two) == add_to_day(add_to_day(None, two), one)


def test_a_day_of_health_checks_takes_few_bytes() -> None:
    assert len(add_to_day(None, dict.fromkeys(range(DAY_MINUTES), (1, 0)))) < 60


def test_a_few_events_take_few_bytes() -> None:
    assert len(add_to_day(None, dict.fromkeys(range(0, 1200, 100), (1, 0)))) == 49
    assert len(add_to_chunk(None, {place_in(slot, 60): 1 for slot in range(0, 240, 20)})) == 61


def test_stored_bytes_of_earlier_versions_stay_readable() -> None:
    for day in (
        "0128b52ffd60002c95000030030001000200035002008c8457566df607",
        "040163661805a360148c8251301801e3403b60148c02ea01a6d1c01c050cc3080000",
        "050000cf0203000102",
    ):
        good, bad = read_day(bytes.fromhex(day))
        assert (good[0], bad[0], bad[719], sum(good), sum(bad)) == (3, 1, 2, 3, 3)
    for chunk in (
        "0128b52ffd2018c1000037b91003020180ff80000000000441000000000000000000",
        "04636060646462646466000226064a0123c33005e61f181aea19800000",
        "05000037800500f07f47000000030201",
    ):
        assert read_chunk(bytes.fromhex(chunk)) == {place_in(0, 55): 3, place_in(5, -16): 2, place_in(71, -0x8000): 1}
    chunk = (
        "0328b52ffd60cc030502005402000204000000000200040337000002f000000900002c0000070304e500800000007f"
        "000003080043a0820e9aa5d3b2808aa07b00352a40198720b14a400e"
    )
    assert read_chunk(bytes.fromhex(chunk)) == {
        place_in(0, 55): 3,
        place_in(0, 57): 1,
        place_in(5, -16): 2,
        place_in(71, -0x8000): 1,
        place_in(71, 9): 7,
        place_in(287, 44): 1000,
    }


@pytest.mark.parametrize(
    "row",
    [
        b"",
        b"\x02rest",
        b"\x01no zstd",
        b"\x03no zstd",
        b"\x04",
        b"\x04\x01no deflate",
        b"\x05\x01",
        b"\x05\xff\xff\0\0",
        b"\x05\xff\xff\0\0\1",
    ],
)
def test_a_row_that_cannot_be_read_is_refused(row: bytes) -> None:
    with pytest.raises(UnreadableRowError):
        read_day(row)
    with pytest.raises(UnreadableRowError):
        read_chunk(row)


def test_a_count_that_does_not_fit_is_never_cut() -> None:
    with pytest.raises(OverflowError):
        add_to_day(add_to_day(None, {5: (2**32 - 1, 0)}), {5: (1, 0)})


@given(st.lists(SLOTS.filter(bool), min_size=1, max_size=8))
def test_a_histogram_is_the_sum_of_what_was_added(additions: list[dict[int, int]]) -> None:
    row: bytes | None = None
    plain = Counter[int]()
    for slots in additions:
        row = add_to_chunk(row, slots)
        plain.update(slots)
    assert row is not None
    assert read_chunk(row) == plain


FEW = st.dictionaries(
    st.builds(place_in, st.integers(0, 3), st.integers(40, 50)), st.integers(1, 6), min_size=1, max_size=40
)


@given(FEW)
def test_neighbouring_buckets_with_some_events_each_are_read_again(slots: dict[int, int]) -> None:
    assert read_chunk(add_to_chunk(None, slots)) == slots


@given(FEW, st.data())
def test_a_damaged_histogram_is_refused_or_read_never_worse(slots: dict[int, int], data: st.DataObject) -> None:
    row = bytearray(add_to_chunk(None, slots))
    row[data.draw(st.integers(0, len(row) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(UnreadableRowError):
        read_chunk(bytes(row))


@given(DURATIONS_MS)
def test_a_bucket_holds_what_is_within_its_ends(duration_ms: float) -> None:
    bucket = bucket_of(duration_ms)
    assert -(2**15) <= bucket < 2**15
    if duration_ms == 0:
        assert duration_of(bucket) == 0
    elif 1e-300 < duration_ms < 1e300:
        assert 1 / 1.0443 <= duration_of(bucket) / duration_ms <= 1.0443


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_buckets_keep_the_order(one: float, two: float) -> None:
    assert (bucket_of(min(one, two))) <= bucket_of(max(one, two))


@given(st.lists(st.floats(0.001, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_right_within_a_bucket(durations_ms: list[float], percent: int) -> None:
    (found,) = percentiles(Counter(map(bucket_of, durations_ms)), [percent])
    exact = sorted(durations_ms)[-(-len(durations_ms) * percent // 100) - 1]
    assert found is not None
    assert 1 / 1.0443 <= found / exact <= 1.0443


def test_no_events_have_no_percentile() -> None:
    assert percentiles({}, [50, 99]) == [None, None]


@given(st.lists(st.tuples(MINUTES, SLOTS, st.booleans()), max_size=6))
def test_rows_of_both_kinds_add_up(
    rows: list[tuple[dict[int, tuple[int, int]], dict[int, int], bool]],
) -> None:
    good, bad, plain = Counter[int](), Counter[int](), Counter[int]()
    days, latencies = [], []
    for minutes, slots, is_folded in rows:
        recent = pack_recent(minutes, slots)
        days.append(("key", add_to_day(None, minutes) if is_folded else recent))
        latencies.append((7, add_to_chunk(None, slots) if is_folded and slots else recent))
        good.update({minute: counts[0] for minute, counts in minutes.items()})
        bad.update({minute: counts[1] for minute, counts in minutes.items()})
        plain.update(slots)
    nothing = [0] * DAY_MINUTES, [0] * DAY_MINUTES
    found = add_days(days).get("key", nothing)
    assert [list(counts) for counts in found] == [[one[at] for at in range(DAY_MINUTES)] for one in (good, bad)]
    assert add_latencies(latencies) == {place + first_place(7): count for place, count in plain.items()}


@pytest.mark.parametrize("row", [b"\x02rest", b"\x02\x01\0\0\x02", pack_recent({1: (2, 3)}, {})[:-4]])
def test_a_recent_row_that_cannot_be_read_is_refused(row: bytes) -> None:
    with pytest.raises(UnreadableRowError):
        add_days([("key", row)])
