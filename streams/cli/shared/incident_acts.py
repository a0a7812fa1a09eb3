"""What the commands that act on an incident have in common."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import psycopg
import typer

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import desk_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.incident_text import state_of
from streams.cli.shared.text import printable
from streams.database.settings import DatabaseSettings
from streams.incidents.people import UnknownIncidentError
from streams.incidents.permitted import RefusedError
from streams.incidents.reading import read_incident
from streams.rules import InvalidRulesError, read_rules
from streams.rules.settings import RulesSettings
from streams.severity.severity import Tables

IncidentId = Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.", show_default=False)]
Who = Annotated[str, typer.Option("--who", help="Who says so; goes into the timeline.", show_default="your login")]
Why = Annotated[str, typer.Option("--why", help="Why, in words; goes into the timeline.", show_default=False)]


def tables_or_fail() -> Tables:
    """By what severity is judged; rules that cannot be used end the command with exit code 2."""
    try:
        return read_rules(settings_of_or_fail(RulesSettings).rules).severity
    except InvalidRulesError as problem:
        fail(str(problem), code=2)


def me() -> str:
    """The name of who is logged in."""
    return getpass.getuser()


@contextmanager
def acting(settings: DatabaseSettings) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A transaction in which a person acts; a refusal ends the command with exit code 1, and nothing is stored."""
    with desk_connection(settings) as connection:
        try:
            yield connection
        except RefusedError as problem:
            fail(str(problem))
        except UnknownIncidentError as problem:
            fail(f"There is no incident {printable(str(problem))}. `slo-streams incidents list` shows those there are.")


def now_is(connection: "psycopg.Connection[tuple[Any, ...]]", incident_id: str) -> None:
    """Say what an incident is now."""
    record = read_incident(connection, incident_id, tables_or_fail())
    if record is not None:
        severity = record["severity"] or "no severity"
        typer.echo(f"{incident_id}: {state_of(record)}, {severity}. {printable(record['title'])}")
