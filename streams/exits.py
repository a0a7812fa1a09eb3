"""How every command ends: one table of exit codes, those of sysexits.h from 64 on.

An operator, or a supervisor, tells by them whether to start it again or to look.
"""

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """The exit code of a command."""

    DONE = 0
    FAILED = 1
    MISUSED = 2
    BAD_INPUT = 65
    UNAVAILABLE = 69
    BROKEN = 70
    FENCED = 75
    REFUSED = 78
    INTERRUPTED = 130


MEANINGS: Final = {
    ExitCode.DONE: "done, or stopped when asked",
    ExitCode.FAILED: "it found, or could not do, something: it says what",
    ExitCode.MISUSED: "an option, a setting or a file of settings cannot be used",
    ExitCode.BAD_INPUT: "nearly everything of a partition is rejected: an operator has to look",
    ExitCode.UNAVAILABLE: "Kafka or the database was away for longer than it waits: start it again",
    ExitCode.BROKEN: "broken: start it again",
    ExitCode.FENCED: "another worker has taken its place: start it again",
    ExitCode.REFUSED: "refused: topics, rights or stored state need an operator",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C before it was done",
}
"""What each one says."""


START_OVER: Final = "start over with a new SLO_APPLICATION_ID and SLO_REPLACES set to the old one"
"""Where nothing else is left: what the input topics still hold is judged anew."""


class RefusalError(Exception):
    """What must not be gone on with: says why, and what an operator can do. Ends a service with `REFUSED`."""
