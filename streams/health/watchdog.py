"""The watchdog: ends a worker that makes no progress, so that its supervisor starts it anew.

It is a thread because what it watches for includes an event loop that is stuck, and then nothing in it could tell.
"""

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Final

_LONGEST_PERIOD_S: Final = 1.0
_FRAMES: Final = 5  # of the stuck call stack, innermost last


class Patience:
    """For how long without a break something has been wrong; runs out at `limit_s`.

    Only time that was watched counts: a process that was stopped, or a machine that slept, is not at fault.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._wrong_for_s = 0.0

    def has_run_out(self, is_wrong: bool, watched_s: float) -> bool:
        """Tell how it was during the last `watched_s` seconds."""
        self._wrong_for_s = self._wrong_for_s + watched_s if is_wrong else 0.0
        return self._wrong_for_s >= self._limit_s


class Watchdog(threading.Thread):
    """Asks the running event loop once a second whether the worker is live, for as long as the loop exists.

    `why_not_live` is called in the loop; `give_up` from here with the reason, when for `limit_s` the loop did not
    answer or the worker was not live.
    """

    def __init__(self, why_not_live: Callable[[], str | None], limit_s: float, give_up: Callable[[str], None]) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._loop = asyncio.get_running_loop()
        self._loop_thread_id = threading.get_ident()
        self._why_not_live = why_not_live
        self._limit_s = limit_s
        self._patience = Patience(limit_s)
        self._period_s = min(_LONGEST_PERIOD_S, limit_s / 4)
        self._give_up = give_up
        self._has_answered = True
        self._answer: str | None = None

    def run(self) -> None:
        """Watch until the loop is closed."""
        while self._ask():
            time.sleep(self._period_s)
            reason = self._answer if self._has_answered else self._where_it_is_stuck()
            if self._patience.has_run_out(reason is not None, self._period_s):
                self._give_up(f"no progress for {self._limit_s:g} s: {reason}")
                return

    def _ask(self) -> bool:
        """Whether there is still a loop to ask; a question that waits for its answer is not put again."""
        if self._has_answered:
            self._has_answered = False
            try:
                self._loop.call_soon_threadsafe(self._say)
            except RuntimeError:
                return False
        return True

    def _say(self) -> None:
        self._answer = self._why_not_live()
        self._has_answered = True

    def _where_it_is_stuck(self) -> str:
        stack = traceback.extract_stack(sys._current_frames()[self._loop_thread_id])
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in stack[-_FRAMES:]]
        return f"the event loop does not answer; it is at {' > '.join(places)}"
