"""Runs a command that dies with its parent: `python leash.py PARENT_PID COMMAND...`.

A parent ended by SIGKILL cannot stop its children. Linux can: PR_SET_PDEATHSIG survives exec, so this small program
sets it and becomes the command. It is bound to the thread that started it, which should be the main thread.
Elsewhere the command just runs. Source: prctl(2).
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def leashed(command: list[str]) -> list[str]:
    """The command, made to end with this process."""
    return [sys.executable, "-I", __file__, str(os.getpid()), *command]


def main(parent_pid: int, command: list[str]) -> None:
    """Become `command`, unless the parent is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        sys.exit("the parent ended before the command began")
    os.execv(command[0], command)  # noqa: S606  no shell on purpose


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
