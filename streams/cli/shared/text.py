"""Text for people, shared by the commands: durations, names from records, and where it is printed."""

import errno
import os
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

from rich.console import Console

_PIPED_WIDTH: Final = 240  # columns; outside a terminal nothing is folded, so that lines can be searched
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_TWO_DAYS_S: Final = 2 * 86_400


_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class _Output(Console):
    """Raises when its reader has gone, as any file does; rich would end the program in the middle of its work."""

    def on_broken_pipe(self) -> None:
        drop_output()
        raise BrokenPipeError


def drop_output(stream: TextIO | None = None) -> None:
    """Let whatever is still printed (by default on standard output) go nowhere: its reader has gone, as `| head`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), (stream or sys.stdout).fileno())


def has_no_room(problem: OSError) -> bool:
    """Whether it is a disk that is full, or a quota or limit that is reached."""
    return problem.errno in _NO_ROOM


def console() -> Console:
    """Standard output: as wide as the terminal, with its colours; plain and wide on a pipe.

    What is printed is text and nothing else: `[/x]` in the key of a record is no markup, and `:cat:` no picture.
    """
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return _Output(width=width, highlight=False, markup=False, emoji=False)


def error_console() -> Console:
    """Standard error, for progress and for what is said beside the output; text and nothing else, too."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def is_piped(out: Console) -> bool:
    """Whether it is read by a program, or searched: then a row is a line, however long."""
    return not out.is_terminal


def printable(text: str) -> str:
    """Text of a record with its control characters written out: it must not move the reader's cursor."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def duration_text(duration_ms: int) -> str:
    """A length of time in at most its two largest units, rounded down: `15m`, `24h`, `2d 5h`, `0s`.

    Days only from two on: a window of a day is known as 24h.
    """
    rest_s, parts = duration_ms // 1_000, []
    for unit_s, unit in _UNITS if rest_s >= _TWO_DAYS_S else _UNITS[1:]:
        count, rest_s = divmod(rest_s, unit_s)
        if count:
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0s"


def moment_text(moment: datetime) -> str:
    """A moment of the database, in UTC whatever zone its server has: `2026-03-24 15:40:00Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def utc_text(time_ms: int) -> str:
    """A point in time to the second: `2022-03-24 15:40:00Z`."""
    return moment_text(datetime.fromtimestamp(time_ms / 1_000, UTC))


def percent(value: float) -> str:
    """A percentage as exact as it is given: `99 %`, `99.9 %`."""
    return f"{value!r}".removesuffix(".0") + " %"
