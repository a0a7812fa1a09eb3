"""A point in time as it is written on the command line."""

import typer

from schemas.event_time import epoch_ms


def moment_ms(text: str) -> int:
    """Epoch milliseconds of RFC 3339 text or of epoch milliseconds; for `typer.Option(parser=...)`.

    Raises:
        typer.BadParameter: neither; says what to write.
    """
    try:
        return epoch_ms(int(text) if text.isdecimal() else text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None
