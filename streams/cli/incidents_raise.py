"""`slo-streams incidents raise`: a person begins an incident."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.incident_acts import Who, Why, acting, me, now_is
from streams.cli.shared.zoned import zone_named, zoned_ms
from streams.database.settings import DatabaseSettings
from streams.incidents.entry import Fault, RaisedBy, Visibility
from streams.incidents.people import Person, Ticket, raise_incident
from streams.severity.severity import Kind


def raise_(
    title: Annotated[str, typer.Argument(help="What it is called.", show_default=False)],
    by: Annotated[RaisedBy, typer.Option("--by", help="Who raises it.")] = RaisedBy.PLATFORM,
    app: Annotated[list[str] | None, typer.Option("--app", help="An app that is hit; may be repeated.")] = None,
    partner: Annotated[str | None, typer.Option(help="The partner that raises it: its first report.")] = None,
    users: Annotated[int | None, typer.Option(min=0, help="How many users are hit, if known.")] = None,
    capability: Annotated[str | None, typer.Option(help="What does not work: 'App UI'.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Whether it is out, or only worse than it should be.")] = None,
    fault: Annotated[
        Fault, typer.Option(help="Whose fault it seems to be. PLATFORM pages its manager.")
    ] = Fault.UNKNOWN,
    visibility: Annotated[Visibility, typer.Option(help="Who may see it beside the platform.")] = Visibility.PARTNER,
    start: Annotated[str, typer.Option(metavar="TIME", help="When it began to hurt.")] = "now",
    tz: Annotated[ZoneInfo | None, typer.Option(parser=zone_named, metavar="ZONE", show_default="UTC")] = None,
    trial: Annotated[bool, typer.Option("--trial", help="Only to try it out: no statistics, no status page.")] = False,
    who: Who = "",
    why: Why = "",
) -> None:
    """Begin an incident that a person knows of.

    Its severity follows from how many users and apps are hit; where nobody knows, from the capability and how long it
    takes; and from how many partners report it. Times as in `exclude add`; business hours are those of --tz.

    \b
    Examples:
      slo-streams incidents raise 'Installations fail' --by PARTNER \\
        --partner acme --app com.acme.charts --capability 'App installation'
      slo-streams incidents raise 'Iframes stay blank' --users 20000 \\
        --fault PLATFORM --why 'seen by support, five tickets'

    \b
    Exit codes:
      0   raised; its id is the first word
      1   refused: says why
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    settings = settings_of_or_fail(DatabaseSettings)
    said = {
        "users": users,
        "capability": capability,
        "kind": kind,
        "suspectedFault": fault,
        "visibility": visibility,
        "zone": None if tz is None else tz.key,
    }
    start_ms = None if start == "now" else zoned_ms(start, tz, "--start")
    ticket = Ticket(by, title, app or (), start_ms, partner, trial, said)
    with acting(settings) as connection:
        incident_id = raise_incident(connection, ticket, Person(who or me(), why))
        now_is(connection, incident_id)
