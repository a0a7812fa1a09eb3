"""Up to which boundary everything is known that common cause is judged by."""

from collections.abc import Collection, Sequence
from typing import Final

from streams.kafka.progress import PartitionProgress
from streams.settings import Clock

LONGEST_WAIT_MS: Final = 60_000
"""Under `live` no partition is waited for longer than that beyond the lateness, unless it moves: a backlog is read."""


class Movement:
    """Whether something moved within the longest wait; what is seen for the first time did."""

    def __init__(self) -> None:
        self._seen: dict[object, tuple[object, float]] = {}

    def is_moving(self, name: object, place: object, at_s: float) -> bool:
        """`place` is where it is at a time, in seconds of a clock that never jumps."""
        before, since_s = self._seen.get(name, (None, at_s))
        if before != place:
            self._seen[name] = place, at_s
            return True
        return at_s - since_s < LONGEST_WAIT_MS / 1_000


def completed_ms(
    progress: Sequence[PartitionProgress],
    lateness_ms: int,
    clock: Clock,
    now_ms: int,
    *,
    is_stored: bool,
    moving: Collection[PartitionProgress] = (),
    is_storing: bool = False,
) -> int | None:
    """The time up to which boundaries may be judged; None: none yet.

    `progress` is how far the evaluator is with each input partition; what it published by then `is_stored` or not.
    Under `event` and read to their end, all partitions are as far as the furthest. Under `live` those are waited for
    that are behind and `moving`, and what is published while it `is_storing`: else a backlog would look as if it all
    began when it was read.
    """
    holding = [one for one in progress if one.holds_records]
    told_ms = [one.watermark_ms for one in holding if one.watermark_ms is not None]
    found_ms: list[int] = []
    if told_ms and is_stored:
        if len(told_ms) == len(holding):
            found_ms.append(min(told_ms) - lateness_ms)
        if clock is Clock.EVENT and not any(one.lag for one in holding):
            found_ms.append(max(told_ms) - lateness_ms)
    if clock is Clock.LIVE and (is_stored or not is_storing):
        behind_ms = [one.watermark_ms for one in moving if one.lag]
        known_ms = [at_ms - lateness_ms for at_ms in behind_ms if at_ms is not None]
        if len(known_ms) == len(behind_ms):
            found_ms.append(min([now_ms - lateness_ms - LONGEST_WAIT_MS, *known_ms]))
    return max(found_ms, default=None)
