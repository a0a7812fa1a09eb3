"""`slo-streams doctor`: is everything there that a worker needs?"""

from typing import Final

import typer
from rich.console import Console
from rich.text import Text

from streams.cli.shared.ask import ask, settings_of_or_fail
from streams.cli.shared.text import console, printable
from streams.database.settings import DatabaseSettings
from streams.doctor.examine import examine
from streams.doctor.finding import Finding, Level

_STYLES: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def doctor() -> None:
    """Check everything a worker needs: servers, TLS and login, rights, topics, objectives, clocks, the group.

    Where SLO_DATABASE_URL is set, the database, too: what answers there, its schema, its roles.

    Prints a line for each check, and what to do where something is wrong. Rights are tried for real: it writes a
    record in transactions on the topics of alerts, alert state, rejected records and changelogs, and aborts each, so
    that no read_committed consumer ever sees it. It creates and changes nothing.

    \b
    Example:
      SLO_BOOTSTRAP_SERVERS=kafka-1:9092 slo-streams doctor

    \b
    Exit codes:
      0  no problem; there may be warnings
      1  at least one problem, or no broker answers
      2  an option or a setting cannot be used
    """
    settings = settings_of_or_fail(DatabaseSettings)
    worst = ask(settings, _examine(settings, console()))
    if worst is Level.PROBLEM:
        raise typer.Exit(1)


async def _examine(settings: DatabaseSettings, out: Console) -> Level:
    """Print the findings as they are made; the worst level of them."""
    levels = set()
    async for finding in examine(settings):
        out.print(_line(finding), soft_wrap=True)
        levels.add(finding.level)
    return max(levels, key=list(Level).index)


def _line(finding: Finding) -> Text:
    said = "\n         ".join(printable(line) for line in finding.said.splitlines())
    line = Text.assemble(
        (f"{finding.level:<7}", _STYLES[finding.level]), "  ", (printable(finding.subject), "bold"), f": {said}"
    )
    if finding.advice:
        line.append(f"\n         {finding.advice}", "dim")
    return line
