"""Crash-only: what cannot be done right ends the process at once, before anything is committed.

A restart is the one way back to a known state: state and offset are read from the last commit. Exit codes are those of
sysexits.h, so that an operator can tell a worker to be restarted from one to be looked at.
"""

import logging
import os
import threading
from enum import IntEnum
from typing import NoReturn

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from streams.kafka.membership import InstanceFencedError
from streams.unit.rejection_brake import BrakeError

log = logging.getLogger(__name__)

_LAST_WORDS_S = 5.0
_DENIED = (TopicAuthorizationFailedError, GroupAuthorizationFailedError, TransactionalIdAuthorizationFailed)


class ExitCode(IntEnum):
    """How a worker ends, other than when asked to."""

    BAD_INPUT = 65  # nearly everything read is rejected: an operator has to decide whether producers or we are at fault
    BROKEN = 70  # an engine or transaction error: restart it; look at the log if it comes again
    FENCED = 75  # another worker has taken its partitions over: restart it
    REFUSED = 78  # settings, topics or stored state that it must not work with: an operator has to decide


def exit_on(problem: BaseException, doing: str) -> NoReturn:
    """Say what went wrong and end the process without any clean-up."""
    if isinstance(problem, ProducerFenced):
        log.error("%s: another worker has taken over this partition; exiting", doing)
        _exit(ExitCode.FENCED)
    if isinstance(problem, InstanceFencedError):
        log.error("%s: %s; exiting", doing, problem)
        _exit(ExitCode.FENCED)
    if isinstance(problem, BrakeError):
        log.critical("%s: %s", doing, problem)
        _exit(ExitCode.BAD_INPUT)
    if isinstance(problem, _DENIED):
        log.critical("%s: this user lacks a right: %s; slo-streams doctor tells which", doing, problem)
        _exit(ExitCode.REFUSED)
    log.critical("%s: %s: %s", doing, type(problem).__name__, problem, exc_info=problem)
    _exit(ExitCode.BROKEN)


def refuse(problem: Exception, doing: str) -> NoReturn:
    """Say why the worker must not go on, and end the process."""
    log.critical("%s: %s", doing, problem)
    _exit(ExitCode.REFUSED)


def give_up(reason: str) -> NoReturn:
    """Say why there is no progress and end the process: for a thread beside the event loop."""
    # The stuck thread may hold the log's lock, or nobody may read the log: then the process ends without a word.
    last_words = threading.Timer(_LAST_WORDS_S, os._exit, (ExitCode.BROKEN,))
    last_words.daemon = True
    last_words.start()
    log.critical("%s; exiting", reason)
    _exit(ExitCode.BROKEN)


def end_within(limit_s: float) -> None:
    """End the process after a time if it has not ended by itself: it was asked to, and may wait for lost brokers."""
    timer = threading.Timer(limit_s, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _exit(code: ExitCode) -> NoReturn:
    logging.shutdown()
    os._exit(code)
