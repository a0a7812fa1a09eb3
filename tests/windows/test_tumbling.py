"""Panes of one series by examples; any sequence of them is a law (tests/laws/test_panes.py)."""

import pytest

from streams.windows.tumbling import NO_PANE, TumblingCounts


def panes(*events: tuple[int, int, int]) -> TumblingCounts:
    counts = TumblingCounts()
    for event in events:
        counts.add(*event)
    return counts


def test_the_example_of_the_docstring() -> None:
    counts = panes((100, 2, 0), (100, 0, 1), (101, 0, 1), (104, 1, 0))
    assert counts.counts(101, 105) == (1, 1)
    assert counts.counts(100, 101) == (2, 1)
    assert counts.counts(102, 104) == (0, 0)
    assert counts.counts(0, 1_000) == (3, 2)


def test_a_late_event_changes_every_later_total_and_no_earlier_one() -> None:
    counts = panes((100, 1, 0), (104, 1, 0), (102, 0, 5), (100, 0, 1), (99, 7, 0))
    assert [counts.counts(pane, pane + 1) for pane in range(99, 105)] == [
        (7, 0),
        (1, 1),
        (0, 0),
        (0, 5),
        (0, 0),
        (1, 0),
    ]


def test_nothing_is_stored_for_an_empty_pane() -> None:
    assert len(panes((100, 1, 0), (1_000_000, 1, 0)).panes) == 1


def test_a_pane_is_stored_once_however_many_events_it_has() -> None:
    counts = panes((100, 1, 0), (100, 1, 0), (101, 0, 1), (101, 0, 1), (100, 1, 0))
    assert list(counts) == [(100, 3, 0), (101, 0, 2)]
    assert list(counts.panes) == [100]


@pytest.mark.parametrize(("good", "bad"), [(1, 0), (0, 1)])
def test_what_was_forgotten_is_remembered_to_have_been_there(good: int, bad: int) -> None:
    counts = panes((100, good, bad), (101, 1, 1))
    assert not counts.has_forgotten
    counts.forget(101)
    assert counts.has_forgotten


def test_forgotten_panes_do_not_change_later_windows() -> None:
    counts = panes((100, 1, 0), (101, 2, 0), (102, 4, 0), (103, 8, 0))
    counts.forget(102)
    assert counts.counts(102, 104) == (12, 0)
    assert counts.counts(103, 104) == (8, 0)
    assert list(counts.panes) == [102]


def test_a_window_that_begins_before_what_was_forgotten_holds_only_what_is_left() -> None:
    """Else a longer window, asked for later, would count the events of all times."""
    counts = panes((100, 1, 1), (101, 2, 0), (102, 4, 0), (103, 8, 0))
    counts.forget(102)
    assert counts.counts(0, 104) == (12, 0)
    assert not counts.bad_since(0)
    counts.add(102, 0, 1)
    assert counts.counts(0, 104) == (12, 1)


def test_when_all_is_forgotten_it_starts_anew() -> None:
    counts = panes((100, 1, 1))
    counts.forget(101)
    assert (counts.pane, counts.first_pane, counts.counts(0, 1_000)) == (NO_PANE, NO_PANE, (0, 0))
    counts.add(200, 0, 1)
    assert counts.counts(200, 201) == (0, 1)


def test_first_pane() -> None:
    assert panes().first_pane == NO_PANE
    assert panes((100, 1, 0)).first_pane == 100
    assert panes((100, 1, 0), (104, 1, 0), (99, 1, 0)).first_pane == 99


def test_bad_since() -> None:
    counts = panes((100, 0, 1), (104, 1, 0))
    assert counts.bad_since(100)
    assert not counts.bad_since(101)
    assert not panes().bad_since(0)


def test_counts_beyond_32_bits() -> None:
    counts = panes((100, 5_000_000_000, 1), (101, 5_000_000_000, 0))
    assert counts.counts(100, 102) == (10_000_000_000, 1)


def test_the_latest_pane_of_a_second_fits() -> None:
    last = 4_133_980_799  # the last second of 2100
    counts = panes((last - 1, 1, 0), (last, 0, 1))
    assert counts.counts(last - 1, last + 1) == (1, 1)


def test_a_late_pane_right_after_what_was_forgotten() -> None:
    counts = panes((100, 3, 5), (130, 1, 0))
    counts.forget(110)
    counts.add(115, 0, 1)
    assert [counts.counts(first, 116) for first in (0, 110, 115)] == [(0, 1)] * 3
    assert counts.counts(110, 131) == (1, 1)


def test_every_stored_pane_can_be_listed() -> None:
    counts = panes((100, 7, 0), (101, 2, 3), (104, 4, 0), (102, 0, 5))
    assert list(counts) == [(100, 7, 0), (101, 2, 3), (102, 0, 5), (104, 4, 0)]
    counts.forget(102)
    assert list(counts) == [(102, 0, 5), (104, 4, 0)]
    counts.forget(105)
    assert list(counts) == []
