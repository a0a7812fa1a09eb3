"""Failpoints: places where a test can have the process killed, to prove that a crash there costs nothing.

`SLO_FAIL=after_rows` kills at the first commit that gets there, `SLO_FAIL=after_rows:5` at the fifth.
"""

import os
import signal
from enum import StrEnum


class Step(StrEnum):
    """The steps of a commit after which a crash can be asked for."""

    AFTER_ROWS = "after_rows"
    AFTER_ALERTS = "after_alerts"
    AFTER_OFFSETS = "after_offsets"
    AFTER_COMMIT = "after_commit"


class Failpoint:
    """Counts how often a step is passed, and kills the process at the wanted time."""

    def __init__(self, where: str | None) -> None:
        """`where` is `step` or `step:count`; None never fails.

        Raises:
            ValueError: no such step or count.
        """
        step, _, count = (where or "").partition(":")
        self._step = Step(step) if step else None
        self._left = int(count or 1)

    def passed(self, step: Step) -> None:
        """Tell that a step was passed; does not return if this was the one."""
        if step is self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
