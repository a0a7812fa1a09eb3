"""Cumulative panes against the obvious: a dictionary with a count for each pane."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streams.evaluation.series import Series
from streams.tables.rows import decode_series, encode_key, encode_series
from streams.windows.tumbling import NO_PANE, TumblingCounts
from tests.laws.engine import law

PANES = st.integers(0, 40)
COUNTS = st.integers(0, 3)


class Panes(RuleBasedStateMachine):
    """Any series of events, forgetting and storing leaves every window that may still be asked for as it was."""

    def __init__(self) -> None:
        super().__init__()
        self.series = Series(("app", "scope"))
        self.good: Counter[int] = Counter()
        self.bad: Counter[int] = Counter()
        self.floor = 0

    @property
    def panes(self) -> TumblingCounts:
        return self.series.by_host

    @rule(ahead=PANES, good=COUNTS, bad=COUNTS)
    def add(self, ahead: int, good: int, bad: int) -> None:
        pane = self.floor + ahead
        self.panes.add(pane, good, bad)
        self.good[pane] += good
        self.bad[pane] += bad

    @rule(further=st.integers(0, 15))
    def forget(self, further: int) -> None:
        self.floor += further
        self.panes.forget(self.floor)

    @rule()
    def store_and_read_back(self) -> None:
        self.series = decode_series(encode_key(self.series.key), encode_series(self.series))

    @rule(start=PANES, length=PANES)
    def any_window_is_the_sum_of_its_panes(self, start: int, length: int) -> None:
        window = range(self.floor + start, self.floor + start + length)
        expected = (sum(self.good[pane] for pane in window), sum(self.bad[pane] for pane in window))
        assert self.panes.counts(window.start, window.stop) == expected

    @rule(start=PANES)
    def bad_events_are_found_from_any_pane_on(self, start: int) -> None:
        first = self.floor + start
        assert self.panes.bad_since(first) == any(count for pane, count in self.bad.items() if pane >= first)

    @invariant()
    def the_latest_pane_is_known_until_it_is_forgotten(self) -> None:
        latest = max(self.good, default=NO_PANE)
        assert self.panes.pane == (latest if latest >= self.floor else NO_PANE)

    @invariant()
    def nothing_below_the_floor_is_kept_or_counted(self) -> None:
        assert all(pane >= self.floor for pane in self.panes.panes)
        kept = [sum(counts for pane, counts in each.items() if pane >= self.floor) for each in (self.good, self.bad)]
        assert self.panes.counts(0, self.floor + 1_000) == tuple(kept)


TestPanes = Panes.TestCase
TestPanes.settings = settings(law, max_examples=80, stateful_step_count=40)
