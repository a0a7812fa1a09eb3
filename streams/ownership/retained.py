"""State kept over a rebalance, for the partitions that come back.

Kafka's eager protocol revokes all partitions whenever a worker joins or leaves, and most are assigned back a moment
later. Why kept state is safe to use: it is used only after the partition's store was opened anew, which fences every
other owner, and only if then the mark is the one that this worker's own last commit left. Whoever committed meanwhile
has left another.
"""

from collections.abc import Collection
from typing import Generic

from faust.types import TP

from streams.ownership.seams import ProcessorT


class RetainedState(Generic[ProcessorT]):
    """Processors of revoked partitions, each with the mark of its last commit and nothing uncommitted."""

    def __init__(self) -> None:
        self._retained: dict[TP, tuple[ProcessorT, object]] = {}

    def __contains__(self, tp: object) -> bool:
        return tp in self._retained

    def put(self, tp: TP, processor: ProcessorT, mark: object) -> None:
        """Keep a processor until the rebalance is over."""
        self._retained[tp] = (processor, mark)

    def keep_only(self, assigned: Collection[TP]) -> None:
        """The rebalance is over: forget what was not assigned back, for its memory."""
        self._retained = {tp: retained for tp, retained in self._retained.items() if tp in assigned}

    def take(self, tp: TP, mark: object) -> ProcessorT | None:
        """The processor kept for a partition if `mark`, found after fencing, is its own; forgotten either way."""
        processor, own_mark = self._retained.pop(tp, (None, None))
        return processor if own_mark == mark else None
