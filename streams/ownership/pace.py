"""The pace of commits: how long a partition rests between two of them. Pure: time is an argument.

A commit stores every series that changed since the last, so the more events share a row, the cheaper they are. When
caught up, alerts come first, and the rest is short. Behind a backlog every boundary has alerts, which are late already,
and to catch up comes first.
"""

from typing import Final

LONGEST_S: Final = 5.0
BACKLOG_RECORDS: Final = 100_000
LEAST_BEHIND_S: Final = 1.0

# Times what a commit took to put together, when no event was judged: a twentieth of the time, or a hundredth.
_TIMES: Final = 20
_TIMES_BEHIND: Final = 100


def rest_s(interval_s: float, took_s: float, lag: int | None) -> float:
    """How long to rest after a commit that took so long to put together. `lag` is in records, None: not known yet."""
    is_behind = lag is not None and lag >= BACKLOG_RECORDS
    times, least_s = (_TIMES_BEHIND, LEAST_BEHIND_S) if is_behind else (_TIMES, 0.0)
    return min(max(interval_s / 2, least_s, times * took_s), LONGEST_S)
