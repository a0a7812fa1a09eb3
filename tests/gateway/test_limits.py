"""What bounds a caller: one use of a token, and so many calls a second. Time is the test's."""

from ipaddress import ip_network

import pytest
from fastapi import Request

from streams.gateway.fingerprints import ReplayGuard
from streams.web.failures import FailureLimit, address_of
from streams.web.rate import RateLimit


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_token_is_good_once_for_as_long_as_it_is_good_at_all() -> None:
    clock = Clock()
    guard = ReplayGuard(360, clock)
    assert guard.is_first_use("one")
    for _ in range(8):
        clock.now_s += 44.9  # up to 359.2 s
        assert not guard.is_first_use("one")
        assert guard.is_first_use(f"other at {clock.now_s}")


def test_what_was_used_long_ago_is_forgotten() -> None:
    clock = Clock()
    guard = ReplayGuard(360, clock, limit=2)
    assert guard.is_first_use("one")
    assert guard.is_first_use("two")
    assert guard.is_full
    clock.now_s += 360
    assert guard.is_full
    assert not guard.is_first_use("one")
    clock.now_s += 360
    assert not guard.is_full
    assert guard.is_first_use("one")


def test_a_long_pause_forgets_everything_at_once() -> None:
    clock = Clock()
    guard = ReplayGuard(360, clock, limit=1)
    assert guard.is_first_use("one")
    clock.now_s += 720
    assert not guard.is_full


def test_a_burst_then_the_rate_for_each_app() -> None:
    clock = Clock()
    limit = RateLimit(rate=2, burst=3, monotonic_s=clock)
    assert [limit.wait_s("a") for _ in range(5)] == [0, 0, 0, 1, 1]
    assert limit.wait_s("b") == 0
    clock.now_s += 0.5
    assert [limit.wait_s("a"), limit.wait_s("a")] == [0, 1]
    clock.now_s += 3_600
    assert [limit.wait_s("a") for _ in range(4)] == [0, 0, 0, 1]


def test_a_slow_rate_says_how_long_to_wait() -> None:
    clock = Clock()
    limit = RateLimit(rate=0.1, burst=1, monotonic_s=clock)
    assert limit.wait_s("a") == 0
    assert limit.wait_s("a") == 10
    clock.now_s += 9
    assert limit.wait_s("a") == 1
    clock.now_s += 1
    assert limit.wait_s("a") == 0


def test_of_many_somebodies_only_the_last_are_remembered() -> None:
    limit = RateLimit(rate=0.001, burst=1, monotonic_s=Clock(), most=2)
    assert [limit.wait_s(one) > 0 for one in ("a", "a", "b", "c", "c")] == [False, True, False, False, True]
    assert limit.wait_s("a") == 0


def test_an_address_that_sends_wrong_tokens_waits_but_a_token_that_was_good_from_there_does_not() -> None:
    clock = Clock()
    failures = FailureLimit(per_minute=6, burst=2, monotonic_s=clock)
    failures.succeeded("192.0.2.1", "Bearer good")
    for _ in range(2):
        assert failures.wait_s("192.0.2.1", "Bearer wrong") == 0
        failures.failed("192.0.2.1")
    assert failures.wait_s("192.0.2.1", "Bearer wrong") == 10
    assert failures.wait_s("192.0.2.1", "Bearer good") == 0
    assert failures.wait_s("192.0.2.2", "Bearer good too") == 0
    clock.now_s += 10
    assert failures.wait_s("192.0.2.1", "Bearer wrong") == 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "192.0.2.1", "198.51.100.7"),  # nobody we know: whom he names is his word alone
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "9.9.9.9, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.1", "9.9.9.9\n192.0.2.1", "192.0.2.1"),  # a proxy adds a line of its own
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "none"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
    ],
)
def test_who_calls(peer: str, forwarded: str, address: str) -> None:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded.splitlines()]
    request = Request({"type": "http", "headers": headers, "client": (peer, 1)})
    assert address_of(request, [ip_network("10.0.0.0/8")]) == address
