"""Commands whose modules are loaded when they are called: help, completion and a wrong word take none of them."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from streams.cli.shared.failure import fail
from streams.cli.shared.text import drop_output, has_no_room


class Command(NamedTuple):
    """A function or a `typer.Typer`, `name` of the module `streams.cli.MODULE`, and its line in the help."""

    module: str
    name: str
    line: str

    def load(self, shown_as: str) -> Any:
        """The command itself."""
        found = getattr(import_module(f"streams.cli.{self.module}"), self.name)
        around = typer.Typer(rich_markup_mode=None)
        around.callback()(lambda: None)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=shown_as)
        else:
            around.command(name=shown_as)(found)
        return get_group(around).commands[shown_as]


class LazyCommands(TyperGroup):
    """A group of `lazy` commands, each there as a name and a line until it is called."""

    lazy: ClassVar[Mapping[str, Command]]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, command in self.lazy.items():
            self.commands[name] = TyperCommand(name, help=command.line)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that is called, loaded."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else self.lazy[name].load(name), rest

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """Read the options; `--help` and `--version` print here, before anything is called."""
        with _end_of_output():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Call it, and know whether all that it printed has arrived."""
        with _end_of_output():
            return super().invoke(ctx)


@contextmanager
def _end_of_output() -> Iterator[None]:
    """A reader that has seen enough ends the command without a word, a disk that is full with a sentence."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()  # what cannot be written is known now, not when Python ends
    except BrokenPipeError:  # `| head`
        drop_output()
        raise typer.Exit(0) from None
    except OSError as problem:
        if not has_no_room(problem):
            raise
        drop_output()
        where = "" if problem.filename is None else f" to {problem.filename}"
        fail(
            f"Nothing more can be written{where}: {problem.strerror}. What was written is not all of it: make room "
            "there, or in the folder for temporary files (TMPDIR), and run it again."
        )
