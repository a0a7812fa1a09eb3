"""What processes have used so far, as the Linux kernel counts it. Source: proc(5)."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_OWN: Final = slice(11, 13)  # user, system; of /proc/PID/stat, counted from the field after the program's name
_WITH_ENDED_CHILDREN: Final = slice(11, 15)


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU time of all threads, user and system, and the most memory held at once."""

    cpu_s: float
    peak_mb: float

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.cpu_s + other.cpu_s, self.peak_mb + other.peak_mb)


def usage(pid: int, times: slice = _OWN) -> Usage:
    """Usage of a running process.

    Raises:
        FileNotFoundError: there is none of this id.
    """
    process = Path("/proc") / str(pid)
    # The program's name is in parentheses and may hold anything.
    fields = process.joinpath("stat").read_text().rpartition(")")[2].split()
    status = dict(line.split(":", 1) for line in process.joinpath("status").read_text().splitlines())
    if "VmHWM" not in status:
        raise FileNotFoundError(f"{pid} has ended, and nobody has asked how")
    cpu_s = sum(map(int, fields[times])) / _TICKS_PER_S
    return Usage(cpu_s, int(status["VmHWM"].split()[0]) / 1_024)


def running_cpu_s(pid: int) -> float:
    """CPU time of the threads that a process has now, to the nanosecond: for work that takes no second."""
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in _tasks(pid)) / 1e9


def tree_usage(pid: int) -> Usage:
    """Usage of a running process, its children, and of those of them that have ended the CPU time.

    Raises:
        FileNotFoundError: there is none of this id.
    """
    total = usage(pid, _WITH_ENDED_CHILDREN)
    for child in _children(pid):
        with suppress(FileNotFoundError, ProcessLookupError, KeyError):  # it has ended just now
            total += tree_usage(child)
    return total


def _children(pid: int) -> Iterator[int]:
    for thread in _tasks(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            yield from map(int, (thread / "children").read_text().split())


def _tasks(pid: int) -> Iterator[Path]:
    return (Path("/proc") / str(pid) / "task").iterdir()
