"""State kept over a rebalance, for the partitions that come back.

Kafka's eager protocol revokes all partitions whenever a worker joins or leaves, and most are assigned back a moment
later. Why kept state is safe to use: it is used only after the partition's transactional producer was started anew,
which fences every other owner, and only if then the `Mark` is the one of this worker's own last commit. If another
worker has committed meanwhile, the changelog is longer. If one only began, its transaction was aborted by the fence: it
left a marker in the changelog, or nothing.
"""

from collections.abc import Collection

from faust.types import TP

from streams.unit.committed_position import CommittedPosition
from streams.unit.unit import Unit


class RetainedUnits:
    """Units of revoked partitions, each with the mark of its last commit and nothing uncommitted."""

    def __init__(self) -> None:
        self._units: dict[TP, tuple[Unit, CommittedPosition]] = {}

    def put(self, tp: TP, unit: Unit, mark: CommittedPosition) -> None:
        """Keep a unit until the rebalance is over."""
        self._units[tp] = (unit, mark)

    def keep_only(self, assigned: Collection[TP]) -> None:
        """The rebalance is over: forget what was not assigned back, for its memory."""
        self._units = {tp: parked for tp, parked in self._units.items() if tp in assigned}

    def take(self, tp: TP, mark: CommittedPosition) -> Unit | None:
        """The unit kept for a partition if `mark`, found after fencing, is its own; it is no longer kept either way."""
        unit, own_mark = self._units.pop(tp, (None, None))
        return unit if own_mark == mark else None
