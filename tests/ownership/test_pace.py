"""When a partition commits: what somebody waits for at once, all else when a commit is worth what it costs."""

from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ownership.pace import (
    AHEAD_S,
    BACKLOG_RECORDS,
    BETWEEN_URGENT_S,
    CAUGHT_UP_RECORDS,
    COMMITTING_SHARE,
    LEAST_BEHIND_S,
    LONGEST_BEHIND_S,
    MOST_REPEATED_S,
    NEWS_S,
    SHORTEST_S,
    URGENT_SHARE,
    Pace,
)

LONGEST_S = 5.0
UNKNOWN_S = -inf
START_S = 1_000.0
LOOK_S = 0.05
SOON_S = 1e-6  # what the rounding of moments may add

moments_s = st.floats(0.0, 20.0)
costs_s = st.floats(1e-4, 2.0)
counts = st.integers(1, 256)
lags = st.none() | st.integers(0, BACKLOG_RECORDS - 1)


@dataclass
class Course:
    """A partition whose commits are made when they are due. Time passes only here."""

    pace: Pace
    took_s: float = 0.01
    partitions: int = 1
    gathering_s: float = 0.001
    boundary_s: float = UNKNOWN_S
    now_s: float = START_S
    commits_s: list[float] = field(default_factory=list)

    def due_s(self, lag: int | None = 0) -> float:
        return max(self.now_s, self.pace.due_s(lag, self.boundary_s))

    def wait(self, seconds: float, busy: float = 0.0) -> None:
        """Let time pass, of which so large a share is work; every step is as short as a look at the partition."""
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            if self.due_s() <= self.now_s:
                self.commit()
            step_s = min(LOOK_S, until_s - self.now_s)
            self.now_s += step_s
            self.pace.worked(busy * step_s)
            self.pace.did(self.now_s, 0, is_urgent=False, has_news=False)

    def commit(self) -> None:
        self.commits_s.append(self.now_s)
        self.pace.taken()
        self.now_s += self.took_s
        self.pace.stored(self.now_s, self.took_s, self.gathering_s, self.partitions)

    def announce(self) -> None:
        self.pace.did(self.now_s, 0, is_urgent=True, has_news=True)


def new_pace(longest_s: float = LONGEST_S, shortest_s: float = SHORTEST_S) -> Pace:
    return Pace(START_S, longest_s, shortest_s)


@given(
    st.lists(st.tuples(moments_s, st.booleans(), st.booleans(), costs_s, costs_s), max_size=20),
    st.floats(0.01, 60.0),
    st.floats(0.01, 60.0),
    counts,
    lags,
    st.floats(-100.0, 100.0),
)
def test_nothing_waits_longer_than_the_longest(
    course: list[tuple[float, bool, bool, float, float]],
    longest_s: float,
    shortest_s: float,
    partitions: int,
    lag: int | None,
    boundary_in_s: float,
) -> None:
    pace, now_s, settled_s = new_pace(longest_s, shortest_s), START_S, START_S
    for after_s, is_urgent, has_news, took_s, worked_s in course:
        now_s += after_s
        pace.worked(worked_s)
        pace.did(now_s, lag, is_urgent=is_urgent, has_news=has_news)
        assert pace.due_s(lag, now_s + boundary_in_s) <= settled_s + longest_s
        assert pace.due_s(BACKLOG_RECORDS, now_s + boundary_in_s) <= settled_s + LONGEST_BEHIND_S
        pace.taken()
        now_s = settled_s = now_s + took_s
        pace.stored(now_s, took_s, took_s / 2, partitions)


@given(costs_s, counts, moments_s, st.booleans(), lags)
def test_an_alert_is_stored_at_once(
    took_s: float, partitions: int, after_s: float, has_news: bool, lag: int | None
) -> None:
    course = Course(new_pace(), took_s, partitions)
    course.pace.did(course.now_s, 0, is_urgent=False, has_news=has_news)
    course.commit()
    course.now_s += after_s
    course.announce()
    assert course.due_s(lag) == course.now_s


@given(costs_s, counts, st.floats(0.0, 3.0))
def test_alerts_one_after_the_other_wait_a_quarter_of_a_second_at_most(
    took_s: float, partitions: int, after_s: float
) -> None:
    course = Course(new_pace(), took_s, partitions)
    course.announce()
    course.commit()
    stored_s = course.now_s
    course.now_s += after_s
    course.announce()
    due_s = course.due_s()
    assert due_s <= max(course.now_s, stored_s + BETWEEN_URGENT_S)
    is_early = due_s < stored_s + BETWEEN_URGENT_S
    assert not is_early or took_s * partitions <= URGENT_SHARE * (due_s - stored_s) + SOON_S


@given(costs_s, st.floats(0.0, LONGEST_S), st.floats(0.0, LONGEST_S))
def test_what_was_judged_is_told_within_a_second(took_s: float, after_s: float, later_s: float) -> None:
    course = Course(new_pace(), took_s, partitions=256)
    course.commit()
    course.now_s += after_s
    told_s = course.now_s
    course.pace.did(told_s, 0, is_urgent=False, has_news=True)
    course.now_s += later_s
    course.pace.did(course.now_s, 0, is_urgent=False, has_news=True)  # as often as it is looked at
    assert course.pace.due_s(0, UNKNOWN_S) <= told_s + NEWS_S


@pytest.mark.parametrize(("shortest_s", "rest_s"), [(SHORTEST_S, LEAST_BEHIND_S), (4.0, 4.0), (60.0, LONGEST_BEHIND_S)])
def test_behind_a_backlog_nothing_is_stored_sooner_than_it_has_to(shortest_s: float, rest_s: float) -> None:
    course = Course(new_pace(60.0, shortest_s))
    course.commit()
    course.announce()
    assert course.due_s(BACKLOG_RECORDS) == course.now_s + rest_s


def test_what_comes_while_a_commit_is_under_way_waits_for_the_next() -> None:
    course = Course(new_pace())
    course.pace.taken()
    course.announce()
    course.now_s += 0.02
    course.pace.stored(course.now_s, 0.02, 0.01, 1)
    assert course.due_s() == course.now_s


@given(costs_s, counts, lags)
def test_commits_that_nobody_waits_for_take_a_small_share(took_s: float, partitions: int, lag: int | None) -> None:
    course = Course(new_pace(), took_s, partitions)
    course.commit()
    rest_s = course.due_s(lag) - course.now_s
    assert SHORTEST_S - SOON_S <= rest_s <= LONGEST_S + SOON_S
    assert rest_s >= LONGEST_S - SOON_S or took_s * partitions <= COMMITTING_SHARE * (rest_s + SOON_S)


def test_a_cheap_commit_is_made_often_and_a_dear_one_seldom() -> None:
    rests_s = []
    for took_s in (0.001, 0.02, 0.05, 1.0):
        course = Course(new_pace(), took_s)
        course.commit()
        rests_s.append(course.due_s() - course.now_s)
    assert rests_s == pytest.approx([SHORTEST_S, 1.0, 2.5, LONGEST_S])


@given(st.floats(0.0, 1.0), st.sampled_from([1, 4, 32]))
def test_what_a_take_over_does_again_is_bounded(busy: float, partitions: int) -> None:
    """`busy` is the share of its time that the worker works, spread evenly over its partitions."""
    course = Course(new_pace(longest_s=60.0), took_s=5.0, partitions=partitions)
    course.commit()
    before = len(course.commits_s)
    course.wait(40.0, busy / partitions)
    commits_s = course.commits_s[before:]
    rests_s = [later_s - earlier_s - course.took_s for earlier_s, later_s in pairwise(commits_s)]
    assert all(busy * rest_s <= MOST_REPEATED_S + busy * 2 * LOOK_S for rest_s in rests_s)
    assert rests_s or busy * 15.0 <= MOST_REPEATED_S


@given(st.floats(0.0, 60.0), st.floats(0.001, 0.4), counts)
def test_few_rows_wait_for_a_commit_when_a_boundary_comes(due_in_s: float, took_s: float, partitions: int) -> None:
    course = Course(new_pace(), took_s, partitions, boundary_s=START_S + due_in_s)
    course.commit()
    course.wait(max(0.0, course.boundary_s - course.now_s))
    most_s = max(AHEAD_S, SHORTEST_S + AHEAD_S) + took_s
    assert course.boundary_s - course.commits_s[-1] <= most_s + 2 * LOOK_S
    assert len(course.commits_s) <= 2 + due_in_s / SHORTEST_S


def test_a_boundary_that_has_passed_calls_for_nothing() -> None:
    course = Course(new_pace(), took_s=1.0, boundary_s=START_S - 30.0)
    course.commit()
    assert course.due_s() == course.now_s + LONGEST_S


def test_a_steady_pace_keeps_to_its_interval() -> None:
    course = Course(new_pace(3.0, 3.0), took_s=0.001)
    course.commit()
    course.wait(29.9, busy=0.9)
    rests_s = [later_s - earlier_s for earlier_s, later_s in pairwise(course.commits_s)]
    assert rests_s == pytest.approx([3.0] * len(rests_s), abs=2 * LOOK_S)
    assert len(rests_s) == 9


def test_where_nothing_happens_it_is_looked_again_after_the_interval() -> None:
    pace = new_pace()
    pace.nothing_to_store(START_S + 5.0)
    assert pace.due_s(0, UNKNOWN_S) == START_S + 10.0


@pytest.mark.parametrize(
    ("gathering_s", "rested_s"),
    [
        pytest.param(0.001, LEAST_BEHIND_S, id="late alerts wait for others"),
        pytest.param(0.025, 2.5, id="a hundred times what the commit took to put together"),
        pytest.param(0.2, LONGEST_BEHIND_S, id="never longer than the longest"),
    ],
)
def test_behind_a_backlog(gathering_s: float, rested_s: float) -> None:
    pace = new_pace()
    pace.did(START_S, BACKLOG_RECORDS, is_urgent=True, has_news=True)
    pace.taken()
    pace.stored(START_S, 0.3, gathering_s, 4)
    pace.did(START_S, BACKLOG_RECORDS, is_urgent=True, has_news=True)
    assert pace.due_s(BACKLOG_RECORDS, UNKNOWN_S) == START_S + rested_s
    assert pace.due_s(BACKLOG_RECORDS - 1, UNKNOWN_S) == START_S + BETWEEN_URGENT_S


def test_what_was_caught_up_with_is_told_at_once_and_once() -> None:
    course = Course(new_pace(), took_s=1.0)
    course.commit()
    for lag in (CAUGHT_UP_RECORDS, 1):
        course.pace.did(course.now_s, lag, is_urgent=False, has_news=False)
        assert course.due_s() == course.now_s + LONGEST_S
    course.pace.did(course.now_s, 0, is_urgent=False, has_news=False)
    assert course.due_s() == course.now_s
    course.commit()
    course.pace.did(course.now_s, 0, is_urgent=False, has_news=False)
    assert course.due_s() == course.now_s + LONGEST_S


def test_work_that_is_dear_to_put_together_is_not_stored_all_the_time_whatever_a_take_over_does_again() -> None:
    course = Course(new_pace(), took_s=0.5, gathering_s=0.1)
    course.commit()
    course.pace.worked(10 * MOST_REPEATED_S)
    assert course.due_s() == pytest.approx(course.now_s + 2.0)
