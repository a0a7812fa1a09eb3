"""`slo-streams doctor`: is everything there that a worker needs?"""

from contextlib import suppress
from importlib import import_module
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from streams.cli.shared.ask import ask, settings_of_or_fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import print_facts
from streams.cli.shared.text import console, printable
from streams.database.settings import DatabaseSettings
from streams.doctor.examine import examine
from streams.doctor.finding import Finding, Level
from streams.doctor.services import Kinds
from streams.exits import ExitCode
from streams.settings import Settings

_OTHERS: Final = {
    "gateway": "GatewaySettings",
    "history": "HistorySettings",
    "notifier": "NotifierSettings",
    "dashboard": "DashboardSettings",
}
_STYLES: Final = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each finding.")] = False,
) -> None:
    """Check everything a worker needs: servers, TLS and login, rights, topics, objectives, clocks, the group.

    Each broker is asked which requests it takes: one that is too old, or too new, is told with what it lacks. Settings
    of the other services are read as they would read them. Where SLO_DATABASE_URL is set, the database, too: what
    answers there, its encoding, its schema, its roles.

    Prints a line for each check, and what to do where something is wrong. Rights are tried for real: it writes a
    record in transactions on the topics of alerts, alert state, rejected records and changelogs, and aborts each, so
    that no read_committed consumer ever sees it. It creates and changes nothing.

    \b
    Example:
      SLO_BOOTSTRAP_SERVERS=kafka-1:9092 slo-streams doctor

    \b
    Exit codes:
      0  no problem; there may be warnings
      1  at least one problem: it says what to do
      2  an option or a setting cannot be used
      69 Kafka or the database does not answer, and nothing else
         is wrong
    """
    settings = settings_of_or_fail(DatabaseSettings)
    found = ask(settings, _examine(settings, None if as_json else console()))
    if as_json:
        print_json(found)
    problems = [finding for finding in found if finding.level is Level.PROBLEM]
    if problems:
        raise typer.Exit(ExitCode.UNAVAILABLE if all(one.away for one in problems) else ExitCode.FAILED)


async def _examine(settings: DatabaseSettings, out: Console | None) -> list[Finding]:
    """Print the findings as they are made."""
    found = []
    async for finding in examine(settings, _others()):
        found.append(finding)
        if out is not None:
            print_facts(out, _facts(finding))
    return found


def _others() -> Kinds:
    """Settings of the services that are installed here, by the extras they need."""
    found: dict[str, type[Settings]] = {}
    for service, kind in _OTHERS.items():
        with suppress(ImportError):
            found[service] = getattr(import_module(f"streams.{service}.settings"), kind)
    return found


def _facts(finding: Finding) -> list[tuple[str | Text, str | Text]]:
    first, *others = map(printable, finding.said.splitlines())
    level = Text(f"{finding.level:<7}", _STYLES[finding.level])
    facts: list[tuple[str | Text, str | Text]] = [
        (level, Text.assemble((printable(finding.subject), "bold"), f": {first}")),
        *(("", line) for line in others),
    ]
    return [*facts, ("", Text(finding.advice, "dim"))] if finding.advice else facts
