"""`slo-streams silence`: alerts that nobody is told of for a while."""

import getpass
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import in_database
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.moment import moment_ms
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, moment_text, printable
from streams.cli.shared.zoned import length_ms
from streams.database.roles import Role
from streams.database.settings import DatabaseSettings
from streams.notifier import silences
from streams.notifier.silence import FIELDS, Matcher

silence_app = typer.Typer(name="silence", no_args_is_help=True)


@silence_app.callback()
def _silence() -> None:
    """Alerts that nobody is told of for a while.

    \b
    Example:
      slo-streams silence list
    """


@silence_app.command()
def add(
    matchers: Annotated[
        list[str],
        typer.Argument(
            metavar="MATCHER...", help=f"FIELD=VALUE, FIELD!=VALUE or FIELD=~PATTERN of {', '.join(FIELDS)}."
        ),
    ],
    why: Annotated[str, typer.Option(help="For those who ask later.")],
    for_: Annotated[str | None, typer.Option("--for", metavar="DURATION", help="How long: 30m, 2h.")] = None,
    from_ms: Annotated[
        int | None, typer.Option("--from", metavar="TIME", parser=moment_ms, help="RFC 3339, or epoch ms; now.")
    ] = None,
    until_ms: Annotated[int | None, typer.Option("--until", metavar="TIME", parser=moment_ms, help="Its end.")] = None,
    by: Annotated[str | None, typer.Option(help="Who wants it; the user of this command unless given.")] = None,
) -> None:
    """Tell nobody of alerts to which all matchers apply, until it ends.

    It acts when something is about to be sent. A breach that is still open when the silence ends is told then; one that
    came and went in it never, but `slo-streams deliveries list --state suppressed` has it. Events go on counting: for
    times that do not count see `slo-streams exclude`.

    \b
    Examples:
      slo-streams silence add appKey=com.acme.charts --for 2h --why "being moved"
      slo-streams silence add partner=acme 'metricId=~webhook-.*' \\
        --until 2026-12-24T18:00:00Z --why "move of their data centre"

    \b
    Exit codes:
      0  added; its id is printed
      2  an option or a setting cannot be used
      69 the database does not answer
      78 its schema is of another version
    """
    try:
        parsed = [Matcher.parse(text) for text in matchers]
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="MATCHER") from None
    if (for_ is None) == (until_ms is None):
        raise typer.BadParameter("say how long (--for), or until when (--until)")
    starts_at = datetime.fromtimestamp(time.time() if from_ms is None else from_ms / 1_000, UTC)
    if for_ is not None:
        ends_at = starts_at + timedelta(milliseconds=length_ms(for_, "--for"))
    else:
        ends_at = datetime.fromtimestamp((until_ms or 0) / 1_000, UTC)
    if ends_at <= max(starts_at, datetime.now(UTC)):
        raise typer.BadParameter("it would be over already", param_hint="--until")
    who = by or getpass.getuser()
    name = in_database(
        settings_of_or_fail(DatabaseSettings),
        Role.WRITER,
        lambda connection: silences.add(connection, parsed, starts_at, ends_at, who, why),
    )
    typer.echo(name)


@silence_app.command()
def end(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.", show_default=False)],
) -> None:
    """End a silence now: breaches that are still open are told.

    \b
    Example:
      slo-streams silence end 9f86d081

    \b
    Exit codes:
      0  ended
      1  there is none of that id that has not ended
      2  a setting cannot be used
      69 the database does not answer
      78 its schema is of another version
    """
    is_ended = in_database(
        settings_of_or_fail(DatabaseSettings),
        Role.WRITER,
        lambda connection: silences.end(connection, name, datetime.now(UTC)),
    )
    if not is_ended:
        fail(f"There is no silence {printable(name)}. `slo-streams silence list` shows those there are.")


@silence_app.command(name="list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Also those that are over.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each.")] = False,
) -> None:
    """Show the silences that act, or will.

    \b
    Examples:
      slo-streams silence list
      slo-streams silence list --all --json

    \b
    Exit codes:
      0  shown, also if there are none
      2  an option or a setting cannot be used
      69 the database does not answer
      78 its schema is of another version
    """
    since = datetime.fromtimestamp(0, UTC) if all_ else datetime.now(UTC)
    found = in_database(
        settings_of_or_fail(DatabaseSettings), Role.WRITER, lambda connection: silences.silences(connection, since)
    )
    if as_json:
        documents = [{**asdict(one), "matchers": [str(matcher) for matcher in one.matchers]} for one in found]
        print_json(documents)
    elif not found:
        typer.echo("No silences.")
    else:
        table = Table(
            Column("id"), Column("from", 2), Column("until"), Column("silenced", 1, is_number=True), Column("by", 3),
            Column("matchers", is_long=True, rank=4), Column("why", is_long=True, rank=5),
        )  # fmt: skip
        for one in found:
            times = map(moment_text, (one.starts_at, one.ends_at))
            matchers = " ".join(map(str, one.matchers))
            table.add(one.id, *times, f"{one.silenced:,}", *map(printable, (one.by, matchers, one.why)))
        table.print(console())
