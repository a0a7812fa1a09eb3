"""Up to when all is known: what is waited for, and for how long."""

from streams.incidents.completion import LONGEST_WAIT_MS, Movement, completed_ms
from streams.kafka.progress import PartitionProgress
from streams.settings import Clock

NOW_MS, LATENESS_MS = 10_000_000, 10_000
WAITED_MS = NOW_MS - LATENESS_MS - LONGEST_WAIT_MS


def part(watermark_ms: int | None, lag: int = 0, number: int = 0) -> PartitionProgress:
    return PartitionProgress("events", number, 100, 100 - lag, watermark_ms)


def live(*parts: PartitionProgress, moving: tuple[PartitionProgress, ...] = (), **stored: bool) -> int | None:
    stored = {"is_stored": True, **stored}
    return completed_ms(parts, LATENESS_MS, Clock.LIVE, NOW_MS, moving=moving, **stored)


def test_under_live_a_backlog_that_is_read_is_waited_for() -> None:
    behind, done = part(5_000_000, lag=50), part(NOW_MS, number=1)
    assert live(behind, done, moving=(behind, done)) == 5_000_000 - LATENESS_MS
    assert live(part(None, lag=50), moving=(part(None, lag=50),)) is None


def test_under_live_a_partition_that_stands_still_is_not() -> None:
    assert live(part(5_000_000, lag=50), part(NOW_MS, number=1)) == WAITED_MS
    assert live(part(None, lag=50)) == WAITED_MS
    assert live(part(5_000_000)) == WAITED_MS  # nothing comes there any more


def test_under_live_what_is_published_is_waited_for_while_it_is_being_stored() -> None:
    assert live(part(NOW_MS), is_stored=False, is_storing=True) is None
    assert live(part(NOW_MS), is_stored=False, is_storing=False) == WAITED_MS
    assert live(part(NOW_MS)) == NOW_MS - LATENESS_MS


def test_under_event_only_what_was_read_counts() -> None:
    def event(*parts: PartitionProgress, is_stored: bool = True) -> int | None:
        return completed_ms(parts, LATENESS_MS, Clock.EVENT, NOW_MS, is_stored=is_stored)

    assert event(part(5_000_000, lag=5), part(6_000_000, number=1)) == 5_000_000 - LATENESS_MS
    assert event(part(5_000_000), part(6_000_000, number=1)) == 6_000_000 - LATENESS_MS
    assert event(part(None), part(6_000_000, number=1)) == 6_000_000 - LATENESS_MS
    assert event(part(None, lag=5), part(6_000_000, number=1)) is None
    assert event(part(5_000_000), is_stored=False) is None


def test_what_moved_within_a_minute_moves() -> None:
    movement = Movement()
    assert movement.is_moving("a", 1, 0.0)
    assert movement.is_moving("a", 1, 59.9)
    assert not movement.is_moving("a", 1, 60.0)
    assert movement.is_moving("b", 1, 60.0)
    assert movement.is_moving("a", 2, 61.0)
    assert movement.is_moving("a", 2, 120.9)
