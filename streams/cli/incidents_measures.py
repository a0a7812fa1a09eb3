"""`slo-streams incidents measures`: how quickly incidents were found, told of and over."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import desk_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, duration_text, printable
from streams.database.settings import DatabaseSettings
from streams.incidents.measures import By, Means, Question, read_means, row_document
from streams.reports.month import Month

_MONTHS = 12


def measures(
    by: Annotated[By, typer.Option(help="What there is a row for, in each month.")] = By.MONTH,
    app: Annotated[str | None, typer.Option("--app", help="Only of incidents that hit this app.")] = None,
    partner: Annotated[str | None, typer.Option(help="Only of incidents that hit apps of this partnerId.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", metavar="MONTH", help="As 2026-03, UTC.", show_default="11 before --to")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="MONTH", help="The last one.", show_default="this month")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each row.")] = False,
) -> None:
    """Show how soon incidents were found, told of and over.

    Mean times from the first impact: until it was found (MTTD), until its first status update, and until it was over
    (MTTR). Of incidents that began in the month; trials and what nobody confirmed are left out, and what has not
    happened yet counts in no mean.

    \b
    Examples:
      slo-streams incidents measures
      slo-streams incidents measures --by partner --from 2026-03 --to 2026-03
      slo-streams incidents measures --by app --partner acme --json

    \b
    Exit codes:
      0   shown, also if there are none
      2   no month, or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    settings = settings_of_or_fail(DatabaseSettings)
    try:
        now = datetime.now(UTC)
        last = Month.named(to) if to else Month(now.year, now.month)
        first = Month.named(from_) if from_ else last.moved(1 - _MONTHS)
    except ValueError as problem:
        fail(str(problem), code=2)
    asked = Question(
        by, first.first_ms, last.moved(1).first_ms, app_keys=None if app is None else [app], partner=partner
    )
    with desk_connection(settings) as connection:
        found = read_means(connection, asked)
    if as_json:
        print_json([row_document(by, one) for one in found])
    elif found:
        _show(by, found)
    else:
        typer.echo(f"No incident began from {first} to {last}.")


def _show(by: By, found: list[Means]) -> None:
    table = Table(
        Column("month"),
        *([] if by is By.MONTH else [Column(by.value, is_long=True)]),
        Column("incidents", is_number=True),
        Column("found after", is_number=True),
        Column("update after", is_number=True),
        Column("over after", is_number=True),
    )
    for one in found:
        table.add(
            one.month,
            *([] if by is By.MONTH else [printable(one.name or "")]),
            f"{one.incidents:,}",
            *(
                "-" if s is None else duration_text(1_000 * s)
                for s in (one.to_detect_s, one.to_update_s, one.to_recover_s)
            ),
        )
    table.print(console())
