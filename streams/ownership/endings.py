"""Crash-only: what cannot be done right ends the process at once, before anything is committed.

A restart is the one way back to a known state: state and offset are read from the last commit.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Final, NoReturn

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from streams.database.errors import DatabaseAwayError
from streams.exits import ExitCode, RefusalError
from streams.kafka.brokers import BrokersAwayError
from streams.kafka.membership import InstanceFencedError
from streams.ownership.rejection_brake import BrakeError
from streams.ownership.seams import FencedError

log = logging.getLogger(__name__)

_LAST_WORDS_S: Final = 5.0
_DENIED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed)


class Endings:
    """The ways a worker ends by itself. `exit_now` ends the process without any clean-up, and must not return."""

    def __init__(self, exit_now: Callable[[int], NoReturn] = os._exit) -> None:
        self._exit_now = exit_now

    def on(self, problem: BaseException, doing: str) -> NoReturn:
        """Say what went wrong, and end."""
        if isinstance(problem, (ProducerFenced, FencedError)):
            log.error("%s: another worker has taken over this partition; exiting", doing)
            self._end(ExitCode.FENCED)
        if isinstance(problem, InstanceFencedError):
            log.error("%s: %s; exiting", doing, problem)
            self._end(ExitCode.FENCED)
        if isinstance(problem, BrakeError):
            log.critical("%s: %s", doing, problem)
            self._end(ExitCode.BAD_INPUT)
        if isinstance(problem, (BrokersAwayError, DatabaseAwayError)):
            log.critical("%s; exiting", problem)
            self._end(ExitCode.UNAVAILABLE)
        if isinstance(problem, _DENIED):
            log.critical("%s: this user lacks a right: %s; slo-streams doctor tells which", doing, problem)
            self._end(ExitCode.REFUSED)
        if isinstance(problem, RefusalError):
            log.critical("%s: %s", doing, problem)
            self._end(ExitCode.REFUSED)
        log.critical("%s: %s: %s", doing, type(problem).__name__, problem, exc_info=problem)
        self._end(ExitCode.BROKEN)

    def give_up(self, reason: str) -> NoReturn:
        """Say why there is no progress, and end: for a thread beside the event loop."""
        # The stuck thread may hold the log's lock, or nobody may read the log: then the process ends without a word.
        last_words = threading.Timer(_LAST_WORDS_S, self._exit_now, (ExitCode.BROKEN,))
        last_words.daemon = True
        last_words.start()
        log.critical("%s; exiting", reason)
        self._end(ExitCode.BROKEN)

    def within(self, limit_s: float) -> None:
        """End after a time if it has not ended by itself: it was asked to, and may wait for lost brokers."""
        timer = threading.Timer(limit_s, self._exit_now, (0,))
        timer.daemon = True
        timer.start()

    def stopped(self, code: str | int | None) -> NoReturn:
        """End now that all is stored and said, with the code of a `SystemExit`.

        The interpreter would wait for the threads of libraries first, and a supervisor for the interpreter.
        """
        self._end(code if isinstance(code, int) else ExitCode.BROKEN if code else 0)

    def _end(self, code: int) -> NoReturn:
        logging.shutdown()
        self._exit_now(code)
