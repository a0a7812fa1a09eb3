"""The brake: a deployment that cannot read its events stops, instead of draining the stream into the rejected topic.

Pure: the moment is an argument.
"""

from collections.abc import Mapping
from typing import Final

from schemas.rejected import Reason

PERIOD_S: Final = 60.0

# One that is too late is a good record; a producer that was cut off for an hour brings nothing else, and must not stop
# the evaluator.
_AT_FAULT: Final = tuple(f"rejected {reason}" for reason in Reason if reason is not Reason.TOO_LATE)


class BrakeError(Exception):
    """Nearly everything of a partition is rejected."""


class Brake:
    """Watches what one partition rejects; lets go of it after `PERIOD_S`.

    `records` is from how many on a share tells something, 0 switches the brake off; `percent` the share that is too
    much.
    """

    def __init__(self, records: int, percent: int) -> None:
        self._least = records
        self._percent = percent
        self._since_s = -PERIOD_S
        self._before = (0, 0)

    def look(self, now_s: float, counts: Mapping[str, int]) -> None:
        """`counts` are those of the unit, everything since it was taken over, what is about to be committed included.

        Raises:
            BrakeError: too much was rejected in a minute at most; says what to do.
        """
        records, rejected = counts.get("records", 0), sum(counts.get(name, 0) for name in _AT_FAULT)
        read, refused = records - self._before[0], rejected - self._before[1]
        if self._least and read >= self._least and refused * 100 >= self._percent * read:
            raise BrakeError(
                f"{refused:,} of {read:,} records were rejected within a minute, so they or this version are wrong; "
                "nothing of the last of them is committed. Look at slo-streams rejected list. To go on all the same "
                "set SLO_BRAKE_RECORDS=0"
            )
        if now_s - self._since_s >= PERIOD_S:
            self._since_s, self._before = now_s, (records, rejected)
