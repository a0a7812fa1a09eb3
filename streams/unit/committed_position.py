"""What a commit leaves in Kafka, and what tells that it is still the last one."""

from typing import NamedTuple


class CommittedPosition(NamedTuple):
    """Where a partition's state stands: offset of the consumer group, and the offset behind its changelog's last row.

    Every commit writes at least the meta row and a transaction marker. So whoever finds, with all others fenced off,
    the mark that its own last commit left, knows that nobody has committed since, and that its state is the stored one.
    `committed` is None before the first commit; whether it `is_ours` tells it from an offset that somebody else set.
    """

    committed: int | None
    changelog_end: int
    is_ours: bool = True
