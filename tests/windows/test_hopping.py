import pytest

from streams.windows.hopping import HoppingWindow, common_pane, next_boundary
from streams.windows.tumbling import TumblingCounts

MINUTE_MS = 60_000


def test_a_window_is_closed_at_its_start_and_open_at_its_boundary() -> None:
    counts = TumblingCounts()
    for pane, good, bad in [(84, 100, 0), (85, 1, 0), (99, 0, 2), (100, 100, 0)]:
        counts.add(pane, good, bad)
    assert HoppingWindow(15 * MINUTE_MS, MINUTE_MS).counts(counts, 100 * MINUTE_MS) == (1, 2)


def test_overlapping_windows_see_an_event_as_often_as_it_is_in_them() -> None:
    counts = TumblingCounts()
    counts.add(100, 1, 0)
    window = HoppingWindow(3 * MINUTE_MS, MINUTE_MS)
    seen = [boundary for boundary in range(95, 110) if window.counts(counts, boundary * MINUTE_MS) == (1, 0)]
    assert seen == [101, 102, 103]


@pytest.mark.parametrize(
    ("after_ms", "boundary_ms"),
    [(0, 60_000), (59_999, 60_000), (60_000, 120_000), (-1, 0), (-10_000, 0), (-60_000, 0), (-60_001, -60_000)],
)
def test_the_next_boundary_is_later(after_ms: int, boundary_ms: int) -> None:
    assert next_boundary(after_ms, MINUTE_MS) == boundary_ms


@pytest.mark.parametrize(
    ("hops_s", "pane_s"), [([60], 60), ([60, 300], 60), ([120, 300], 60), ([420, 660], 60), ([300, 600], 300)]
)
def test_the_common_pane_divides_every_hop(hops_s: list[int], pane_s: int) -> None:
    assert common_pane([hop_s * 1_000 for hop_s in hops_s]) == pane_s * 1_000
