"""Keeps one command of ours running where nothing else does it well: in a container, whose restarts are paced for
crashes and not for brokers that were away for a minute.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final

from streams.child.leash import leashed
from streams.exits import ExitCode

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 60.0
"""What has run for so long starts with the first pause again."""

AGAIN: Final = frozenset({ExitCode.UNAVAILABLE, ExitCode.BROKEN, ExitCode.FENCED})
"""Exit codes after which a new process helps; all others are for a person."""

_ENDS: Final = frozenset({signal.SIGTERM, signal.SIGINT})


class Pauses:
    """How long to wait before each new start: twice as long each time, until one has run for a minute."""

    def __init__(self) -> None:
        self._next_s = FIRST_PAUSE_S

    def after(self, exit_code: int, ran_s: float) -> float | None:
        """Seconds to wait; None: it is not started again. `exit_code` is negative for a signal that nobody sent here.

        What was fenced waits longest: at once, two under one identity would take each other's place for ever.
        """
        if exit_code >= 0 and exit_code not in AGAIN:
            return None
        if ran_s >= STEADY_S:
            self._next_s = FIRST_PAUSE_S
        if exit_code == ExitCode.FENCED:
            return LONGEST_PAUSE_S
        pause_s, self._next_s = self._next_s, min(2 * self._next_s, LONGEST_PAUSE_S)
        return pause_s


def supervise(arguments: Sequence[str], report: Callable[[str], None]) -> int:
    """Run `slo-streams ARGUMENTS` until it ends for good; its exit code. SIGTERM and SIGINT are passed on to it."""
    pauses, ends = Pauses(), _Ends()
    while True:
        started_s = time.monotonic()
        command = leashed([sys.executable, "-m", "streams.cli", *arguments])
        with subprocess.Popen(command, start_new_session=True) as child:  # Ctrl-C comes from here, and once
            ends.pass_on_to(child)
            exit_code = child.wait()
        pause_s = pauses.after(exit_code, time.monotonic() - started_s)
        if ends.asked or pause_s is None:
            return exit_code if exit_code >= 0 else 128 - exit_code
        report(f"`slo-streams {' '.join(arguments)}` ended with {exit_code}: started again in {pause_s:g} s")
        ends.wait(pause_s)
        if ends.asked:
            return ExitCode.DONE


class _Ends:
    """Whether somebody asked for the end."""

    def __init__(self) -> None:
        self.asked = False
        self._child: subprocess.Popen[bytes] | None = None
        for number in _ENDS:
            signal.signal(number, self._ask)

    def pass_on_to(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        if self.asked:  # between the look at it and the start
            child.terminate()

    def _ask(self, number: int, _frame: object) -> None:
        self.asked = True
        if self._child is not None:
            self._child.send_signal(number)

    def wait(self, pause_s: float) -> None:
        """Wait, or less where the end is asked for meanwhile."""
        self._child = None
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # from here on none comes between the look and the wait
        if not self.asked and signal.sigtimedwait(_ENDS, pause_s) is not None:
            self.asked = True
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
