"""`slo-streams incidents approve-exclusion`: the fault was the platform's."""

from typing import Annotated

import typer

from streams.cli.shared.ask import settings_of_keeper_or_fail, settings_of_or_fail
from streams.cli.shared.incident_acts import IncidentId, Who, Why, acting, me
from streams.cli.shared.incident_text import show_exclusions
from streams.cli.shared.text import console
from streams.database.settings import DatabaseSettings
from streams.incidents.people import Person, approve, find, proposal


def approve_exclusion(
    incident_id: IncidentId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would exclude.")] = False,
    who: Who = "",
    why: Why = "",
) -> None:
    """Take an incident out of every budget.

    For one whose fault was the platform's. An exclusion is written to slo.exclusions.v1 for all apps where the incident
    was: breaches in it are annulled, budgets heal and standings follow, also in the past. While the incident is open it
    has no end; with the end of the incident it gets one. `slo-streams exclude end ID --withdraw` takes it back.

    \b
    Examples:
      slo-streams incidents approve-exclusion q1TFPuySB3k --dry-run
      slo-streams incidents approve-exclusion q1TFPuySB3k \\
        --why 'delivery service was down'

    \b
    Exit codes:
      0   approved; the desk publishes it
      1   refused: says why
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    topics = settings_of_keeper_or_fail().topics
    with acting(settings_of_or_fail(DatabaseSettings)) as connection:
        if dry_run:
            exclusions = proposal(connection, find(connection, incident_id))
        else:
            exclusions = approve(connection, topics, incident_id, Person(who or me(), why))
    if not exclusions:
        typer.echo("Nothing is proposed: only incidents that were found, and of the platform, propose an exclusion.")
        return
    typer.echo("Would be left out of every budget:" if dry_run else "Approved. Left out of every budget:")
    show_exclusions(console(), exclusions)
