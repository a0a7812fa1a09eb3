import pytest

from streams.windows.hopping import HoppingWindow, common_pane, next_boundary
from streams.windows.tumbling import TumblingCounts

MINUTE_MS = 60_000


def test_a_window_is_closed_at_its_start_and_open_at_its_boundary() -> None:
    counts = TumblingCounts()
    for pane, good, bad in [(84, 100, 0), (85, 1, 0), (99, 0, 2), (100, 100, 0)]:
        counts.add(pane, good, bad)
    window = HoppingWindow(15 * MINUTE_MS, MINUTE_MS, MINUTE_MS)
    assert window.panes(100 * MINUTE_MS) == (85, 100)
    assert counts.counts(*window.panes(100 * MINUTE_MS)) == (1, 2)


def test_overlapping_windows_see_an_event_as_often_as_it_is_in_them() -> None:
    counts = TumblingCounts()
    counts.add(100, 1, 0)
    window = HoppingWindow(3 * MINUTE_MS, MINUTE_MS, MINUTE_MS)
    seen = [pane for pane in range(95, 110) if counts.counts(*window.panes(pane * MINUTE_MS)) == (1, 0)]
    assert seen == [101, 102, 103]


@pytest.mark.parametrize(
    ("spans_s", "left"),
    [
        ([], [(85, 100)]),
        ([(90 * 60, 92 * 60)], [(85, 90), (92, 100)]),
        ([(90 * 60 + 59, 91 * 60 + 1)], [(85, 90), (92, 100)]),
        ([(90 * 60, 90 * 60)], [(85, 100)]),
        ([(88 * 60, 88 * 60), (90 * 60, 92 * 60)], [(85, 90), (92, 100)]),
        ([(85 * 60, 86 * 60)], [(86, 100)]),
        ([(99 * 60, 100 * 60)], [(85, 99)]),
        ([(80 * 60, 85 * 60)], [(85, 100)]),
        ([(80 * 60, 85 * 60 + 1)], [(86, 100)]),
        ([(100 * 60, 200 * 60)], [(85, 100)]),
        ([(99 * 60 + 59, 200 * 60)], [(85, 99)]),
        ([(0, 1 << 50)], []),
        ([(95 * 60, 97 * 60), (86 * 60, 87 * 60), (96 * 60, 98 * 60)], [(85, 86), (87, 95), (98, 100)]),
        ([(86 * 60, 95 * 60), (88 * 60, 90 * 60)], [(85, 86), (95, 100)]),
    ],
)
def test_an_excluded_span_takes_every_pane_out_that_it_touches(
    spans_s: list[tuple[int, int]], left: list[tuple[int, int]]
) -> None:
    window = HoppingWindow(15 * MINUTE_MS, MINUTE_MS, MINUTE_MS)
    spans = [(start_s * 1_000, end_s * 1_000) for start_s, end_s in spans_s]
    assert window.without(100 * MINUTE_MS, spans) == left


@pytest.mark.parametrize(
    ("start_s", "end_s", "touches"),
    [
        (0, 85 * 60, False),
        (0, 85 * 60 + 1, True),
        (90 * 60, 91 * 60, True),
        (99 * 60 + 59, 200 * 60, True),
        (100 * 60, 200 * 60, False),
        (0, 200 * 60, True),
    ],
)
def test_only_spans_that_touch_the_window_are_looked_at(start_s: int, end_s: int, touches: bool) -> None:
    window, span = HoppingWindow(15 * MINUTE_MS, MINUTE_MS, MINUTE_MS), (start_s * 1_000, end_s * 1_000)
    assert window.within(100 * MINUTE_MS, [span]) == ([span] if touches else [])


def test_an_exclusion_takes_out_whole_hops_where_panes_are_shorter() -> None:
    window = HoppingWindow(30 * MINUTE_MS, 5 * MINUTE_MS, MINUTE_MS)
    assert window.without(100 * MINUTE_MS, [(81 * MINUTE_MS, 81 * MINUTE_MS + 1)]) == [(70, 80), (85, 100)]


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
