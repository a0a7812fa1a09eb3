"""`slo-streams database`: an embedded PostgreSQL alone, and the schema of any."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from streams.cli.shared.database import database_url_or_fail, why_no_database
from streams.cli.shared.failure import fail
from streams.database.embedded import EmbeddedPostgres
from streams.database.errors import DatabaseError, SchemaError
from streams.database.migrate import migrate as bring_up
from streams.database.schema import shipped_migrations

database_app = typer.Typer(name="database", no_args_is_help=True)


@database_app.callback()
def _database() -> None:
    """The database of the history: one for this machine, and the schema of any.

    \b
    Example:
      slo-streams database start --data .data/database
    """


@database_app.command()
def start(
    data: Annotated[Path, typer.Option(help="Folder for the data; made when missing, kept for the next start.")] = Path(
        ".data/database"
    ),
) -> None:
    """Run a real PostgreSQL on this machine.

    It takes no Docker and no installed server. For development and tests: it listens on a Unix socket in the data
    folder, and lets in the user who started it only. The schema is brought up to date at the start. Ctrl-C stops it.

    \b
    Example:
      slo-streams database start --data .data/database

    \b
    Exit codes:
      0   stopped when asked
      1   it could not start, or ended by itself; the reason is shown
      2   wrong options
      78  the data folder was upgraded by a newer slo-streams
    """
    for signal_number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, lambda *_: sys.exit(0))
    server = EmbeddedPostgres(data)
    _tell("Starting PostgreSQL.")
    try:
        with server:
            bring_up(server.url, shipped_migrations())
            typer.echo(f"PostgreSQL is ready (data and log in {server.data_dir}; Ctrl-C stops it). Use it:")
            typer.echo(f"  export SLO_DATABASE_URL='{server.url}'")
            signal.signal(signal.SIGINT, lambda *_: sys.exit(0))  # from here on it is how it is ended
            status = server.wait()
    except DatabaseError as error:
        fail(f"PostgreSQL cannot run. {error}")
    except SchemaError as error:
        fail(str(error), code=78)
    last_words = f"Its last words, from {server.log_path}:\n{server.failure()}"
    fail(f"PostgreSQL ended by itself (exit status {status}). {last_words}")


@database_app.command()
def migrate() -> None:
    """Create or upgrade the schema `slo`.

    It is that of the database that SLO_DATABASE_URL names. Each step is taken whole or not at all; several of these
    commands at once take turns. The user needs the right to create roles at the first time, and owns the schema from
    then on. What runs beside it meanwhile is refused with 78 only when it starts anew: stop what is older before.

    \b
    Example:
      SLO_DATABASE_URL=postgresql://admin@db-1/slo slo-streams database migrate

    \b
    Exit codes:
      0   the schema is that of this version
      1   a step was refused; those before it were taken
      2   SLO_DATABASE_URL is missing or wrong
      69  the database cannot be reached
      78  the server is too old, or the schema is newer than this version
    """
    url = database_url_or_fail()
    try:
        taken = bring_up(url, shipped_migrations(), _tell)
    except SchemaError as problem:
        fail(str(problem), code=78)
    except psycopg.OperationalError as problem:
        fail(why_no_database(problem), code=69)
    except psycopg.Error as problem:
        fail(f"The database refused a step: {problem}")
    typer.echo(f"Steps taken: {taken}. The schema slo is up to date.")


def _tell(line: str) -> None:
    typer.echo(line, err=True)
