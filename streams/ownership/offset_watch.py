"""What can be told of a partition from where it ends, look after look. Pure: the moment is part of each look."""

from enum import Enum, auto
from typing import Final

# Behind a change of leader, Kafka may for a moment tell an end before the true one.
LOST_AFTER_S: Final = 10.0
STUCK_AFTER_S: Final = 10.0


class OffsetVerdict(Enum):
    """What a look tells."""

    NOTHING = auto()
    LOST = auto()  # for a while the log ends before what was judged: it is another log, or it lost records
    STUCK = auto()  # for a while there was more to read, and nothing came


class OffsetWatch:
    """The looks at one partition."""

    def __init__(self) -> None:
        self._next_offset: int | None = None
        self._moved_s = 0.0
        self._short_since_s: float | None = None

    def look(self, now_s: float, next_offset: int, end_offset: int) -> OffsetVerdict:
        """`next_offset` is where reading went on when the end was asked for; `now_s` on a monotonic clock.

        STUCK is told once, and again after as long.
        """
        if end_offset < next_offset:
            if self._short_since_s is None:
                self._short_since_s = now_s
            return OffsetVerdict.LOST if now_s - self._short_since_s >= LOST_AFTER_S else OffsetVerdict.NOTHING
        self._short_since_s = None
        if next_offset != self._next_offset or end_offset == next_offset:
            self._next_offset, self._moved_s = next_offset, now_s
        elif now_s - self._moved_s >= STUCK_AFTER_S:
            self._moved_s = now_s
            return OffsetVerdict.STUCK
        return OffsetVerdict.NOTHING
