"""Exit codes, as sysexits.h has them: an operator, or a supervisor, can tell what to restart from what to look at."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a service ends, other than when asked to."""

    BAD_INPUT = 65  # nearly everything read is rejected: an operator has to decide whether producers or we are at fault
    BROKEN = 70  # an engine or transaction error: restart it; look at the log if it comes again
    FENCED = 75  # another worker has taken its partitions over: restart it
    REFUSED = 78  # settings, topics or stored state that it must not work with: an operator has to decide


class RefusalError(Exception):
    """What must not be gone on with: says why, and what an operator can do. Ends a service with `REFUSED`."""
