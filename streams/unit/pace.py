"""The pace of commits: how long a partition rests between two of them. Pure: time is an argument.

A commit stores every series that changed since the last, so the more events share a row, the cheaper they are. When
caught up, alerts come first: the rest is short. Behind a backlog every boundary has alerts, and they are late already:
there it lasts as long as the backlog does, up to `LONGEST_S`.
"""

from typing import Final

LONGEST_S: Final = 5.0
BACKLOG_RECORDS: Final = 100_000

# Times what a commit took to put together, which is time that no event is judged in: a twentieth at most.
_LEAST_REST: Final = 20


def least_rest_s(interval_s: float, took_s: float) -> float:
    """How long to rest at least: half an interval, longer after a commit of a large state."""
    return min(max(interval_s / 2, _LEAST_REST * took_s), LONGEST_S)


def has_rested(rested_s: float, least_s: float, lag: int | None) -> bool:
    """Whether the next commit may be made; asked again after each `least_s`. `lag` in records, None: not known yet."""
    return (lag or 0) < BACKLOG_RECORDS or rested_s + least_s > LONGEST_S
