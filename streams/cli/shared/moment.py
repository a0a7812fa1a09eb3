"""A point in time as it is written on the command line."""

import time

import typer

from schemas.event_time import epoch_ms
from streams.durations import duration_ms


def moment_ms(text: str) -> int:
    """Epoch milliseconds of RFC 3339 text or of epoch milliseconds; for `typer.Option(parser=...)`.

    Raises:
        typer.BadParameter: neither; says what to write.
    """
    try:
        return epoch_ms(int(text) if text.isdecimal() else text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None


def moment_or_ago_ms(text: str) -> int:
    """Epoch ms of a moment as `moment_ms` reads it, or of how long ago: `2h`, `7d`.

    Raises:
        typer.BadParameter: none of these; says what to write.
    """
    if not text[-1:].isalpha() or text[-1:] in "Zz":
        return moment_ms(text)
    try:
        return time.time_ns() // 1_000_000 - duration_ms(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None
