"""How a command fails: a sentence on standard error and an exit code that means something."""

from typing import NoReturn

import typer


def fail(message: str, *, code: int = 1) -> NoReturn:
    """End the command with a message for people."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
