"""Up to which boundary everything is known that common cause is judged by."""

from collections.abc import Sequence
from typing import Final

from streams.kafka.progress import PartitionProgress
from streams.settings import Clock

LONGEST_WAIT_MS: Final = 60_000
"""Under `live` no partition is waited for longer than that beyond the lateness."""


def completed_ms(
    progress: Sequence[PartitionProgress], lateness_ms: int, clock: Clock, now_ms: int, *, is_stored: bool
) -> int | None:
    """The time up to which boundaries may be judged; None: none yet.

    `progress` is how far the evaluator is with each input partition; what it published by then `is_stored` or not.
    Under `event` and read to their end, all partitions are as far as the furthest.
    """
    holding = [one for one in progress if one.holds_records]
    told_ms = [one.watermark_ms for one in holding if one.watermark_ms is not None]
    found_ms: list[int] = []
    if told_ms and is_stored:
        if len(told_ms) == len(holding):
            found_ms.append(min(told_ms) - lateness_ms)
        if clock is Clock.EVENT and not any(one.lag for one in holding):
            found_ms.append(max(told_ms) - lateness_ms)
    if clock is Clock.LIVE:
        found_ms.append(now_ms - lateness_ms - LONGEST_WAIT_MS)
    return max(found_ms, default=None)
