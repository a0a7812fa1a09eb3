"""Failpoints: places where a test can have the process killed or stopped, to prove that it costs nothing there.

`SLO_FAIL=after_rows` kills at the first commit that gets there, `after_rows:5` at the fifth, and `after_rows:5:stop`
lets the process stand still there until it is sent SIGCONT: a worker that is thought dead, amid a commit.
"""

import os
import signal
from enum import StrEnum
from typing import Final


class Step(StrEnum):
    """The steps of a commit after which a crash can be asked for."""

    AFTER_ROWS = "after_rows"
    AFTER_ALERTS = "after_alerts"
    AFTER_OFFSETS = "after_offsets"
    AFTER_COMMIT = "after_commit"


_SIGNALS: Final = {"": signal.SIGKILL, "kill": signal.SIGKILL, "stop": signal.SIGSTOP}


class Failpoint:
    """Counts how often a step is passed, and kills or stops the process at the wanted time."""

    def __init__(self, where: str | None) -> None:
        """`where` is `step`, `step:count` or `step:count:signal`; None never fails.

        Raises:
            ValueError: no such step or count.
            KeyError: no such signal.
        """
        step, _, rest = (where or "").partition(":")
        count, _, name = rest.partition(":")
        self._step = Step(step) if step else None
        self._left = int(count or 1)
        self._signal = _SIGNALS[name]

    def passed(self, step: Step) -> None:
        """Tell that a step was passed; if this was the one, does not return, or only when the process goes on."""
        if step is self._step:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), self._signal)
