"""What bounds a caller: one use of a token, and so many calls a second. Time is the test's."""

from streams.gateway.rate import RateLimit
from streams.gateway.replay import ReplayGuard


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_token_is_good_once_for_as_long_as_it_is_good_at_all() -> None:
    clock = Clock()
    guard = ReplayGuard(360, clock)
    assert guard.is_first_use(b"one")
    for _ in range(8):
        clock.now_s += 44.9  # up to 359.2 s
        assert not guard.is_first_use(b"one")
        assert guard.is_first_use(f"other at {clock.now_s}".encode())


def test_what_was_used_long_ago_is_forgotten() -> None:
    clock = Clock()
    guard = ReplayGuard(360, clock, limit=2)
    assert guard.is_first_use(b"one")
    assert guard.is_first_use(b"two")
    assert guard.is_full
    clock.now_s += 360
    assert guard.is_full
    assert not guard.is_first_use(b"one")
    clock.now_s += 360
    assert not guard.is_full
    assert guard.is_first_use(b"one")


def test_a_long_pause_forgets_everything_at_once() -> None:
    clock = Clock()
    guard = ReplayGuard(360, clock, limit=1)
    assert guard.is_first_use(b"one")
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
