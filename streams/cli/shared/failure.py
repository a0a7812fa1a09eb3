"""How a command fails: a sentence on standard error and an exit code that means something."""

import sys
from typing import NoReturn

import typer

from streams.cli.shared.text import drop_output


def fail(message: str, *, code: int = 1) -> NoReturn:
    """End the command with a message for people; where nobody can be told any more, the code still tells."""
    try:
        typer.echo(message, err=True)
    except OSError:
        drop_output(sys.stderr)
    raise typer.Exit(code)
