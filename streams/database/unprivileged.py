"""Runs a command as an ordinary user: `python unprivileged.py UID GID COMMAND...`, called by root.

PostgreSQL refuses to run as root. The one right that is kept is to pass folders of others, so that data and programs
may lie below root's own home; where the system does not let it be kept (a container without CAP_DAC_OVERRIDE), the
user has to reach them by itself. It runs before the leash, whose hold a change of user would undo.
Source: capabilities(7), capget(2).
"""

import ctypes
import os
import sys

_CAP_DAC_OVERRIDE = 1
_VERSION_3 = 0x2008_0522
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2


def main(uid: int, gid: int, command: list[str]) -> None:
    """Become `command` as another user."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc is not None:
        libc.prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if libc is not None:
        _keep_reach(libc)
    os.execv(command[0], command)  # noqa: S606  no shell on purpose


def _keep_reach(libc: ctypes.CDLL) -> None:
    """Drop all capabilities but the one; a refusal is not told: what cannot be reached then says so itself."""
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    one = 1 << _CAP_DAC_OVERRIDE
    sets = (ctypes.c_uint32 * 6)(one, one, one, 0, 0, 0)  # effective, permitted, inheritable; low words, then high
    libc.capset(header, sets)
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
