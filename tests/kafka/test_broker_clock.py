"""The brokers' time, as their append times tell it."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.broker_clock import WINDOW_S, BrokerClock
from tests.model.build import clock_ms

NOON_MS = clock_ms("12:00")


def test_it_goes_on_between_two_records() -> None:
    clock = BrokerClock()
    assert clock.now_ms(100.0) is None
    clock.tell(1, NOON_MS, 100.0)
    assert clock.now_ms(100.0) == NOON_MS
    assert clock.now_ms(107.5) == NOON_MS + 7_500


def test_a_record_that_took_its_time_turns_nothing_back() -> None:
    clock = BrokerClock()
    clock.tell(1, NOON_MS, 100.0)
    clock.tell(1, NOON_MS + 1_000, 105.0)  # seen four seconds after it was appended
    assert clock.now_ms(105.0) == NOON_MS + 5_000


def test_a_broker_that_was_set_back_is_believed_after_half_a_minute() -> None:
    clock = BrokerClock()
    clock.tell(1, NOON_MS + 3_600_000, 100.0)
    clock.tell(1, NOON_MS + 10_000, 110.0)
    assert clock.now_ms(110.0 + WINDOW_S / 2) == NOON_MS + 3_600_000 + 25_000
    assert clock.now_ms(131.0) == NOON_MS + 31_000


def test_in_silence_the_last_word_stands() -> None:
    clock = BrokerClock()
    clock.tell(1, NOON_MS, 100.0)
    assert clock.now_ms(100.0 + 3_600) == NOON_MS + 3_600_000


def test_of_several_brokers_one_that_is_ahead_moves_nothing() -> None:
    clock = BrokerClock()
    clock.tell(1, NOON_MS, 100.0)
    clock.tell(2, NOON_MS + 3_600_000, 100.0)
    assert clock.now_ms(101.0) == NOON_MS + 1_000


TOLD = st.tuples(st.integers(1, 3), st.integers(0, 20_000), st.integers(0, 3_000))
"""Broker, ms until the next record is appended, and ms until that is known."""


@given(st.lists(TOLD, min_size=1, max_size=60), st.integers(0, 120_000))
def test_it_is_what_a_search_through_all_that_was_told_gives(told: list[tuple[int, int, int]], silence_ms: int) -> None:
    clock = BrokerClock()
    appended_ms = accumulate(step_ms for _, step_ms, _ in told)
    seen = sorted(
        (at_ms + delay_ms, broker, at_ms) for (broker, _, delay_ms), at_ms in zip(told, appended_ms, strict=True)
    )
    for seen_ms, broker, at_ms in seen:
        clock.tell(broker, NOON_MS + at_ms, seen_ms / 1_000)
    now_ms = seen[-1][0] + silence_ms
    readings = []
    for broker in {broker for broker, _, _ in told}:
        its = [(seen_ms, at_ms - seen_ms) for seen_ms, teller, at_ms in seen if teller == broker]
        fresh = [offset_ms for seen_ms, offset_ms in its if seen_ms >= now_ms - WINDOW_S * 1_000]
        last_ms = its[-1][0]
        readings.append(max(fresh) if fresh else max(offset for seen_ms, offset in its if seen_ms == last_ms))
    now = clock.now_ms(now_ms / 1_000)
    assert now is not None
    assert abs(now - (NOON_MS + now_ms + min(readings))) <= 2  # a monotonic clock is read in seconds
    assert now <= NOON_MS + now_ms + 2
