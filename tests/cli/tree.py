"""The commands as the command line has them, groups within groups, too."""

from collections.abc import Iterator
from typing import Any

from typer.core import TyperGroup

from streams.cli.app import COMMANDS

Path = tuple[str, ...]


def every_command() -> Iterator[Path]:
    """The words of every command, and of every group."""
    for name, command in COMMANDS.items():
        yield from (path for path, _ in _inside((name,), command.load(name)))


def called_commands() -> dict[Path, Any]:
    """Those that do something when they are called, loaded; a group that only holds others does not."""
    loaded = [it for name, command in COMMANDS.items() for it in _inside((name,), command.load(name))]
    return {path: it for path, it in loaded if not isinstance(it, TyperGroup) or it.invoke_without_command}


def _inside(path: Path, command: Any) -> Iterator[tuple[Path, Any]]:
    yield path, command
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _inside((*path, name), inner)
