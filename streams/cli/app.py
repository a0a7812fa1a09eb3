"""The command line assembled: every command module registers one command here."""

import typer

app = typer.Typer(name="slo-streams", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    """Entry point of the console script."""
    app()
