"""The brake: a deployment that cannot read its events stops, instead of draining the stream into the rejected topic.

Pure: the moment is an argument.
"""

from collections.abc import Mapping
from typing import Final

from schemas.rejected import RejectReason
from streams.health.counts import RECORDS, Count, rejected

PERIOD_S: Final = 60.0

# These are good records: a producer that was cut off for an hour brings nothing but what is too late, and an app that
# makes up a scope for each event nothing but series that are too many. Neither must stop the evaluator.
_GOOD: Final = {RejectReason.TOO_LATE, RejectReason.TOO_MANY_SERIES}
_AT_FAULT: Final = tuple(rejected(reason) for reason in RejectReason if reason not in _GOOD)


class BrakeError(Exception):
    """Nearly everything of a partition is rejected."""


class RejectionBrake:
    """Watches what one partition rejects.

    `records` is from how many on a share tells something, 0 switches the brake off; `percent` the share that is too
    much. Each `PERIOD_S` it begins anew, unless the share was too much all along: then a slow stream adds up, too.
    """

    def __init__(self, records: int, percent: int) -> None:
        self._least = records
        self._percent = percent
        self._since_s: float | None = None
        self._before = (0, 0)

    def look(self, now_s: float, counts: Mapping[Count, int]) -> None:
        """`counts` are those of the unit, everything since it was taken over, what is about to be committed included.

        Raises:
            BrakeError: too much was rejected; says what to do.
        """
        records, at_fault = counts.get(RECORDS, 0), sum(counts.get(one, 0) for one in _AT_FAULT)
        read, refused = records - self._before[0], at_fault - self._before[1]
        is_too_much = refused * 100 >= self._percent * read
        if self._least and read >= self._least and is_too_much:
            raise BrakeError(
                f"{refused:,} of the last {read:,} records were rejected, so they or this version are wrong; "
                "nothing of the last of them is committed. Look at slo-streams rejected list. To go on all the same "
                "set SLO_BRAKE_RECORDS=0"
            )
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s >= PERIOD_S and not is_too_much:
            self._since_s, self._before = now_s, (records, at_fault)
