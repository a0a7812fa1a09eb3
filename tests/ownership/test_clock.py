"""Whose clock a worker goes by."""

import logging

import pytest

from streams.health.condition import ClockCondition
from streams.ownership.clock import WorkerClock
from streams.settings import Clock
from tests.model.build import clock_ms

NOON_MS = clock_ms("12:00")
HOUR_MS = 3_600_000


class Machine:
    """A machine whose clock may be off, with seconds that pass all the same."""

    def __init__(self, ahead_ms: int = 0) -> None:
        self.up_s = 50.0
        self.ahead_ms = ahead_ms

    def own_ms(self) -> int:
        return NOON_MS + int(self.up_s * 1_000) - 50_000 + self.ahead_ms

    def monotonic_s(self) -> float:
        return self.up_s

    def clock(self, clock: Clock = Clock.LIVE) -> WorkerClock:
        return WorkerClock(clock, self.own_ms, self.monotonic_s)


@pytest.mark.parametrize("ahead_ms", [-HOUR_MS, 0, HOUR_MS])
def test_it_goes_by_the_brokers_whatever_its_own_says(ahead_ms: int) -> None:
    machine = Machine(ahead_ms)
    clock = machine.clock()
    assert not clock.is_known
    assert clock.now_ms() is None
    clock.tell(1, NOON_MS, machine.up_s)
    machine.up_s += 7
    assert clock.is_known
    assert clock.now_ms() == clock.nearest_ms() == NOON_MS + 7_000
    assert clock.look() == ClockCondition(True, ahead_ms / 1_000)


def test_a_clock_that_is_off_is_said_once_and_when_it_is_mended(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    clock = machine.clock()
    clock.tell(1, NOON_MS, machine.up_s)
    assert not caplog.records
    machine.ahead_ms = 45 * 60_000
    with caplog.at_level(logging.INFO):
        clock.tell(1, NOON_MS, machine.up_s)
        clock.tell(1, NOON_MS, machine.up_s)
        machine.ahead_ms = 0
        clock.tell(1, NOON_MS, machine.up_s)
    assert [record.getMessage() for record in caplog.records] == [
        "the clock of this machine is 2700 s ahead of the brokers'; nothing is judged by it",
        "the clock of this machine agrees with the brokers' again",
    ]


def test_where_no_topic_tells_its_own_stands_in_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(HOUR_MS)
    clock = machine.clock()
    clock.stand_in("there are no heartbeats")
    clock.stand_in("there are no heartbeats")
    assert clock.is_known
    assert clock.now_ms() == NOON_MS + HOUR_MS
    assert clock.look() == ClockCondition(False, None)
    (said,) = caplog.records
    assert said.getMessage().startswith("there are no heartbeats: ")
    clock.tell(1, NOON_MS, machine.up_s)
    assert clock.now_ms() == NOON_MS


def test_where_time_is_the_events_alone_it_tells_none() -> None:
    machine = Machine()
    clock = machine.clock(Clock.EVENT)
    assert clock.is_known
    assert clock.now_ms() is None
    assert clock.nearest_ms() == NOON_MS
    clock.tell(1, NOON_MS - HOUR_MS, machine.up_s)
    assert clock.now_ms() is None
    assert clock.nearest_ms() == NOON_MS - HOUR_MS
