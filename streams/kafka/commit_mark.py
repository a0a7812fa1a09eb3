"""What an application writes beside each offset it commits: it tells its own commits from those of everybody else.

Whoever knows the name of a consumer group can commit in it, by hand or by a wrong setting. Such an offset says nothing
about what was judged.
"""

import msgspec

from streams.settings import PartitionerName


class CommitMark(msgspec.Struct, frozen=True, rename="camel"):
    """`watermark_ms` is the time up to which events were seen; None before the first accepted one."""

    application: str
    partitioner: PartitionerName
    watermark_ms: int | None

    @property
    def metadata(self) -> str:
        """As it lies beside the offset."""
        return msgspec.json.encode(self).decode()


def commit_mark(metadata: str | None) -> CommitMark | None:
    """The mark of a commit; None where it is none of an evaluator's."""
    try:
        return msgspec.json.decode(metadata or "", type=CommitMark)
    except msgspec.MsgspecError:
        return None
