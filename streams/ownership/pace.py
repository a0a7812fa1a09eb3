"""The pace of commits: when the work of a partition is stored. Pure: time is an argument, monotonic clock.

A commit costs its round trips however little is in it, and a row for each series however often it changed: the more
events share one, the cheaper they are. So work waits, for as long as commits cost more than they are worth, unless
somebody waits for it: an alert is stored at once. What a take-over would do again is bounded, and shortly before a
boundary the rows are stored that its alerts would have to wait for.

Behind a backlog every boundary has alerts, which are late already: to catch up comes first.
"""

from math import inf
from typing import Final

SHORTEST_S: Final = 0.5
BACKLOG_RECORDS: Final = 100_000
CAUGHT_UP_RECORDS: Final = 10_000
"""Having read so many more to the end is told at once."""
LEAST_BEHIND_S: Final = 1.0
LONGEST_BEHIND_S: Final = 5.0
COMMITTING_SHARE: Final = 0.02
"""Of a worker's time, for the commits of all its partitions that nobody waits for."""
URGENT_SHARE: Final = 0.25
BETWEEN_URGENT_S: Final = 0.25
NEWS_S: Final = 1.0
AHEAD_S: Final = 1.0
MOST_REPEATED_S: Final = 1.0
"""Of work that a take-over of all partitions of a worker does again."""

# Times what a commit took to put together, when no event was judged.
_TIMES: Final = 20
_TIMES_BEHIND: Final = 100


class Pace:
    """When one partition commits next: `longest_s` after the last time at most, and not before `shortest_s`.

    What somebody waits for keeps to neither: what is urgent is stored at once, again after `BETWEEN_URGENT_S` at most;
    how far was judged, which others go by, within `NEWS_S`. A lag is in records, None: not known yet.
    """

    def __init__(self, now_s: float, longest_s: float, shortest_s: float = SHORTEST_S) -> None:
        self._longest_s = longest_s
        self._shortest_s = min(shortest_s, longest_s)
        self._interval_s = longest_s
        self._settled_s = now_s
        self._gathering_s = 0.0
        self._worked_s = 0.0
        self._partitions = 1
        self._is_catching_up = False
        self._is_urgent = False
        self._awaited_s = inf
        self._awaited_from_s = now_s
        self._took_urgent = False

    def did(self, now_s: float, lag: int | None, *, is_urgent: bool, has_news: bool) -> None:
        """Something was done that waits for a commit, with so many records left."""
        if lag is not None and lag >= CAUGHT_UP_RECORDS:
            self._is_catching_up = True
        elif lag == 0 and self._is_catching_up:
            self._is_catching_up, is_urgent = False, True
        self._is_urgent |= is_urgent
        if is_urgent:
            self._awaited_s = min(self._awaited_s, now_s)
        elif has_news:
            self._awaited_s = min(self._awaited_s, now_s + NEWS_S)

    def worked(self, took_s: float) -> None:
        """A take-over that found the last commit would work for so long."""
        self._worked_s += took_s

    def taken(self) -> None:
        """All that was done is on its way: what comes now is for the next commit."""
        self._took_urgent, self._is_urgent = self._is_urgent, False
        self._awaited_s, self._worked_s = inf, 0.0

    def stored(self, now_s: float, took_s: float, gathering_s: float, partitions: int) -> None:
        """What was taken is stored, after `took_s`, of which nothing else was done for `gathering_s`.

        `partitions` is how many the worker has, which all commit.
        """
        cost_s = took_s * partitions
        self._interval_s = min(max(cost_s / COMMITTING_SHARE, self._shortest_s), self._longest_s)
        if self._took_urgent:
            self._awaited_from_s = now_s + min(cost_s / URGENT_SHARE, BETWEEN_URGENT_S)
        self._gathering_s, self._partitions = gathering_s, partitions
        self._settled_s = now_s

    def nothing_to_store(self, now_s: float) -> None:
        """There was nothing."""
        self._settled_s = now_s

    def due_s(self, lag: int | None, boundary_s: float) -> float:
        """When to commit next.

        `boundary_s` is when alerts may come next if nothing arrives; in the past: not known.
        """
        if is_behind(lag):
            rest_s = max(LEAST_BEHIND_S, self._shortest_s, _TIMES_BEHIND * self._gathering_s)
            return self._settled_s + min(rest_s, LONGEST_BEHIND_S)
        due_s = self._settled_s + self._interval_s
        soonest_s = self._settled_s + max(self._shortest_s, _TIMES * self._gathering_s)
        if self._worked_s * self._partitions >= MOST_REPEATED_S:
            due_s = min(due_s, soonest_s)
        if self._settled_s < boundary_s - AHEAD_S:
            due_s = min(due_s, max(boundary_s - AHEAD_S, soonest_s))
        return min(due_s, max(self._awaited_s, self._awaited_from_s))


def is_behind(lag: int | None) -> bool:
    """Whether there is a backlog to catch up with."""
    return lag is not None and lag >= BACKLOG_RECORDS
