"""What a process has used so far, as the Linux kernel counts it. Source: proc(5)."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12  # fields of /proc/PID/stat, counted from the one after the program's name


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time of all threads, user and system, and the most memory held at once."""

    cpu_s: float
    peak_mb: float


def usage(pid: int) -> Usage:
    """Usage of a running process.

    Raises:
        FileNotFoundError: there is none of this id.
    """
    process = Path("/proc") / str(pid)
    # The program's name is in parentheses and may hold anything.
    times = process.joinpath("stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in process.joinpath("status").read_text().splitlines())
    cpu_s = (int(times[_USER]) + int(times[_SYSTEM])) / _TICKS_PER_S
    return Usage(cpu_s, int(status["VmHWM"].split()[0]) / 1_024)
