"""Copies: the original of a record counts wherever it lies, and what was rejected counts as it is sent once more.

But what came too late for a window, or was one series too many for the evaluator, was counted at first sight.
"""

from collections.abc import Sequence
from typing import Final

from schemas.rejected import RejectReason
from streams.intake.marks import is_original, redriven_from
from streams.kafka.chunk import Header

_COUNTED_AT_FIRST: Final = (RejectReason.TOO_LATE, RejectReason.TOO_MANY_SERIES)


def counts_here(headers: Sequence[Header], application: str) -> bool:
    """Whether the history of an application counts a record with these headers."""
    if not is_original(headers, application):
        return False
    mark = redriven_from(headers)
    return mark is None or mark.reason not in _COUNTED_AT_FIRST
