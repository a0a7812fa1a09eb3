"""`slo-streams deliveries`: who was told of what, who not, and why."""

import getpass
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from email import message_from_bytes, policy
from typing import Annotated

import orjson
import typer

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.dashed import WithIds
from streams.cli.shared.database import desk_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.table import Column, Table, print_facts
from streams.cli.shared.text import console, moment_text, printable
from streams.database.settings import DatabaseSettings
from streams.notifier.deliveries import Delivery, State, attempts, body, deliveries, delivery, retry
from streams.notifier.target import SMTP
from streams.plural import number_of

deliveries_app = typer.Typer(name="deliveries", no_args_is_help=True)

_ChannelOption = Annotated[str | None, typer.Option(metavar="CHANNEL", help="Only by this channel: smtp, webhook.")]
_TargetOption = Annotated[str | None, typer.Option(metavar="TARGET", help="Only to this target, by its id.")]


@deliveries_app.callback()
def _deliveries() -> None:
    """Who was told of what, who not, and why.

    \b
    Example:
      slo-streams deliveries list --state dead
    """


@deliveries_app.command(name="list")
def list_(
    state: Annotated[
        State | None,
        typer.Option(case_sensitive=False, metavar="STATE", help="Only those that are due, sent, dead or suppressed."),
    ] = None,
    app: Annotated[str | None, typer.Option(metavar="APP", help="Only of this app, by its key.")] = None,
    channel: _ChannelOption = None,
    target: _TargetOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each.")] = False,
) -> None:
    """Show deliveries, the newest first.

    One that is dead was refused for good, or did not get through for three days; `retry` sends it again. One that is
    suppressed was not to be sent: it says why.

    \b
    Examples:
      slo-streams deliveries list --state dead
      slo-streams deliveries list --app com.acme.charts --json | jq -r '.[].id'

    \b
    Exit codes:
      0  shown, also if there are none
      2  an option or a setting cannot be used
      69 the database does not answer
      78 its schema is of another version
    """
    with desk_connection(settings_of_or_fail(DatabaseSettings)) as connection:
        found = deliveries(connection, state=state, app=app, channel=channel, target=target, limit=limit)
    if as_json:
        _print_json([asdict(one) for one in found])
    elif not found:
        typer.echo("No deliveries.")
    else:
        table = Table(
            Column("since"), Column("state"), Column("kind", 1), Column("target", 2), Column("app", 3), Column("id"),
            Column("why", is_long=True, rank=4),
        )  # fmt: skip
        for one in found:
            since = moment_text(one.sent_at or one.created_at)
            names = (one.target, one.app or "", one.id, one.reason or "")
            table.add(since, one.state, one.kind, *map(printable, names))
        table.print(console())


@deliveries_app.command(cls=WithIds)
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.", show_default=False)],
    raw: Annotated[bool, typer.Option("--raw", help="Only what is sent, byte for byte.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object, without what is sent.")] = False,
) -> None:
    """Show a delivery: its state, each attempt, and the message.

    ID may also be that of a notification, as `fNrYLMgXlmU-breach`, if it has one target only.

    \b
    Examples:
      slo-streams deliveries show fNrYLMgXlmU-breach.7632af50bd
      slo-streams deliveries show fNrYLMgXlmU-breach.7632af50bd --raw > mail.eml

    \b
    Exit codes:
      0  shown
      1  there is no such delivery, or there are several
      2  an option or a setting cannot be used
      69 the database does not answer
      78 its schema is of another version
    """

    with desk_connection(settings_of_or_fail(DatabaseSettings)) as connection:
        found = delivery(connection, name)
        tried = attempts(connection, found[0].id) if found else []
        sent = body(connection, found[0].id) if found else b""
    if not found:
        fail(f"There is no delivery {printable(name)}. `slo-streams deliveries list` shows those there are.")
    if len(found) > 1:
        fail(f"{printable(name)} has several targets:\n" + "\n".join(printable(one.id) for one in found))
    [one] = found
    if raw:
        sys.stdout.buffer.write(sent)
    elif as_json:
        _print_json({**asdict(one), "tried": [asdict(attempt) for attempt in tried]})
    else:
        out = console()
        print_facts(out, [(field.replace("_", " "), text) for field, text in _facts(one)])
        for attempt in tried:
            detail = printable(attempt.detail or "")
            out.print(f"{moment_text(attempt.at)}  {attempt.outcome}  {attempt.took_ms:,} ms  {detail}")
        out.print()
        out.print(_readable(sent, one) if sent else "Nothing is rendered yet: its turn has not come.", soft_wrap=True)


@deliveries_app.command(name="retry", cls=WithIds)
def retry_(
    names: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="As `list` shows them.")] = None,
    all_dead: Annotated[bool, typer.Option("--dead", help="All that are dead.")] = False,
    channel: _ChannelOption = None,
    target: _TargetOption = None,
    who: Annotated[str, typer.Option("--who", help="Who asks for it; is kept.", show_default="your login")] = "",
) -> None:
    """Send again what is dead, or was suppressed.

    What is due is tried at once. The bytes are those of the first attempt. With a breach go the recovery and the
    reminders that were kept back for it. A notifier does the sending: at least one has to run.

    \b
    Examples:
      slo-streams deliveries retry fNrYLMgXlmU-breach.7632af50bd
      slo-streams deliveries retry --dead --channel smtp

    \b
    Exit codes:
      0  they are due
      1  there is none that could be
      2  an option or a setting cannot be used
      69 the database does not answer
      78 its schema is of another version
    """
    if bool(names) == all_dead:
        raise typer.BadParameter("name deliveries, or give --dead")
    with desk_connection(settings_of_or_fail(DatabaseSettings)) as connection:
        due = retry(
            connection, names or (), who=who or getpass.getuser(), all_dead=all_dead, channel=channel, target=target
        )
    if not due:
        fail("There is nothing to send again. `slo-streams deliveries list` shows what there is.")
    typer.echo(f"{number_of(len(due), 'delivery', 'deliveries')} due now.")


def _facts(one: Delivery) -> Iterator[tuple[str, str]]:
    """What is known of it, as people read it."""
    for field, value in asdict(one).items():
        if value is not None:
            yield field, moment_text(value) if isinstance(value, datetime) else printable(str(value))


def _readable(sent: bytes, one: Delivery) -> str:
    """A mail as its reader sees it without pictures; all else as it is sent."""
    if one.channel != SMTP:
        return "\n".join(map(printable, sent.decode(errors="replace").splitlines()))
    mail = message_from_bytes(sent, policy=policy.default)
    text = mail.get_body(("plain",))
    head = [f"{name}: {mail[name]}" for name in ("From", "To", "Subject", "Date", "Message-ID")]
    return "\n".join(map(printable, [*head, "", *(str(text.get_content()).splitlines() if text else [])]))


def _print_json(document: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z) + b"\n")
