"""Why a check counts for nobody: for each kind of doubt that it shows the app, and not the prober itself."""

import asyncio
import errno
from collections import deque
from enum import StrEnum
from typing import Final

LATE_S: Final = 0.25
"""By how much the event loop may run late while a check is under way."""

_TICK_S: Final = 0.05
_REMEMBERED: Final = 256


class LeftOut(StrEnum):
    """A closed list: metrics and heartbeats count by it."""

    DESCRIPTORS = "descriptors"
    """This process, or this machine, can open no more files."""
    RESOLVER = "resolver"
    """The name service does not even say of a name that cannot exist that it does not."""
    NETWORK = "network"
    """There is no way out of this machine: no route, no address, no free port, or its firewall says no."""
    LOOP = "loop"
    """The event loop was late during the check: what came in time was seen too late."""
    LATE = "late"
    """Its turn came too late."""
    BUSY = "busy"
    """Too many checks were under way, or the one before of this URL still was."""
    LEASE = "lease"
    """It was not sure that the URL was still this prober's."""
    SUSPENDED = "suspended"
    """So much failed at once that the fault is rather on this side."""
    UNCONFIRMED = "unconfirmed"
    """Another prober saw the URL well at the same time."""


class OwnTroubleError(Exception):
    """A check failed for the prober's own trouble."""

    def __init__(self, kind: LeftOut, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


_OF_ERRNO: Final = {
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), LeftOut.DESCRIPTORS),
    **dict.fromkeys((errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT), LeftOut.NETWORK),
    **dict.fromkeys((errno.ENOBUFS, errno.ENOMEM, errno.EPERM, errno.EACCES), LeftOut.NETWORK),
}


def own_trouble(error: OSError) -> LeftOut | None:
    """The trouble behind an error of opening or connecting a socket; None if it tells of the other side."""
    return _OF_ERRNO.get(error.errno or 0)


class LoopWatch:
    """Looks at the running event loop twenty times a second, and remembers when it was late."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._late_at_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._expected_s = self._loop.time()
        self._tick()

    def was_late_since(self, from_s: float) -> bool:
        """Whether it was late at some time since then, by the loop's clock; also if that is over only now."""
        is_late = self._loop.time() - self._expected_s > LATE_S
        return is_late or any(at_s >= from_s for at_s in reversed(self._late_at_s))

    def stop(self) -> None:
        """Look no more."""
        self._next.cancel()

    def _tick(self) -> None:
        now_s = self._loop.time()
        if now_s - self._expected_s > LATE_S:
            self._late_at_s.append(now_s)
        self._expected_s = now_s + _TICK_S
        self._next = self._loop.call_at(self._expected_s, self._tick)
