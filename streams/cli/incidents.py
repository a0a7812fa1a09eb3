"""`slo-streams incidents`: what there is, and what persons do about it."""

from typing import Annotated, Any

import typer

from streams.cli.incidents_approve import approve_exclusion
from streams.cli.incidents_measures import measures
from streams.cli.incidents_raise import raise_
from streams.cli.incidents_review import pir
from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import desk_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.incident_acts import IncidentId, Who, Why, acting, me, now_is, tables_or_fail
from streams.cli.shared.incident_text import show_list, show_one
from streams.cli.shared.json_text import print_json
from streams.cli.shared.text import console, printable
from streams.database.settings import DatabaseSettings
from streams.incidents.entry import Act, Fault, State, Visibility
from streams.incidents.people import Person, act_on, find, proposal, report
from streams.incidents.reading import read_incident, read_incidents
from streams.severity.severity import Kind, Level, Severity

incidents_app = typer.Typer(name="incidents", no_args_is_help=True)


@incidents_app.callback()
def _incidents() -> None:
    """Incidents: breaches of many apps with one cause, and those that people raise.

    \b
    Example:
      slo-streams incidents list
    """


incidents_app.command(name="raise")(raise_)
incidents_app.command()(pir)
incidents_app.command()(measures)
incidents_app.command(name="approve-exclusion")(approve_exclusion)


@incidents_app.command(name="list")
def list_(
    all_: Annotated[bool, typer.Option("--all", help="Also those that are closed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each.")] = False,
) -> None:
    """Show the incidents there are.

    Open ones first, the latest first. A CANDIDATE was found by breaches of many apps that began together; a person has
    yet to say what it is.

    \b
    Examples:
      slo-streams incidents list
      slo-streams incidents list --all --json | jq '.[].severity'

    \b
    Exit codes:
      0   shown, also if there are none
      2   a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    with desk_connection(settings_of_or_fail(DatabaseSettings)) as connection:
        records = [one for one in read_incidents(connection, tables_or_fail()) if all_ or one["state"] != "CLOSED"]
    if as_json:
        print_json(records)
    elif records:
        show_list(console(), records)
    else:
        typer.echo("No incidents." if all_ else "No incidents that are not closed; --all shows those, too.")


@incidents_app.command()
def show(
    incident_id: IncidentId,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object, as on slo.incidents.v1.")] = False,
) -> None:
    """Show all of one incident.

    How severe it is and why, what is due, what happened, and what approving it would exclude.

    \b
    Examples:
      slo-streams incidents show q1TFPuySB3k
      slo-streams incidents show q1TFPuySB3k --json | jq .votes

    \b
    Exit codes:
      0   shown
      1   there is none of that id
      2   a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    with acting(settings_of_or_fail(DatabaseSettings)) as connection:
        incident = find(connection, incident_id)
        record = read_incident(connection, incident_id, tables_or_fail())
        exclusions = proposal(connection, incident)
    if record is None:
        fail(f"There is no incident {printable(incident_id)}.")
    if as_json:
        print_json(record)
    else:
        show_one(console(), record, exclusions)


@incidents_app.command(name="report")
def report_(
    incident_id: IncidentId,
    partner: Annotated[str, typer.Option(help="The partner that is hit; each counts once.", show_default=False)],
    who: Who = "",
    why: Why = "",
) -> None:
    """Add that a partner is hit, too.

    More than 2, 5, 15 partners make it SEV3, SEV2, SEV1.

    \b
    Example:
      slo-streams incidents report q1TFPuySB3k --partner acme --why 'ticket 4711'

    \b
    Exit codes:
      0   counted, also if that partner was already
      1   there is none of that id, or it was dismissed
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    with acting(settings_of_or_fail(DatabaseSettings)) as connection:
        if not report(connection, incident_id, partner, _person(who, why)):
            typer.echo(f"{printable(partner)} has reported it before; a partner counts once.")
        now_is(connection, incident_id)


@incidents_app.command()
def confirm(
    incident_id: IncidentId,
    visibility: Annotated[Visibility, typer.Option(help="Who sees it from now on.")] = Visibility.PARTNER,
    fault: Annotated[Fault | None, typer.Option(help="Whose fault it seems to be. PLATFORM pages its manager.")] = None,
    who: Who = "",
    why: Why = "",
) -> None:
    """Say that a candidate is an incident.

    \b
    Examples:
      slo-streams incidents confirm q1TFPuySB3k
      slo-streams incidents confirm q1TFPuySB3k --fault PLATFORM \\
        --why 'delivery service is down'

    \b
    Exit codes:
      0   confirmed
      1   there is no such candidate
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    data: dict[str, Any] = {"visibility": visibility}
    with acting(settings_of_or_fail(DatabaseSettings)) as connection:
        act_on(connection, incident_id, Act.CONFIRMED, _person(who, why), data)
        if fault is not None:
            act_on(connection, incident_id, Act.CHANGED, _person(who, why), {"suspectedFault": fault})
        now_is(connection, incident_id)


@incidents_app.command()
def dismiss(incident_id: IncidentId, who: Who = "", why: Why = "") -> None:
    """Say that a candidate is no incident.

    Its breaches had nothing to do with each other.

    \b
    Example:
      slo-streams incidents dismiss q1TFPuySB3k --why 'three deploys at noon'

    \b
    Exit codes:
      0   dismissed
      1   there is no such candidate
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    with acting(settings_of_or_fail(DatabaseSettings)) as connection:
        act_on(connection, incident_id, Act.DISMISSED, _person(who, why))
        now_is(connection, incident_id)


@incidents_app.command()
def state(
    incident_id: IncidentId,
    to: Annotated[
        State | None, typer.Argument(metavar="[STATE]", help="How far it is now.", show_default=False)
    ] = None,
    severity: Annotated[str | None, typer.Option(help="SEV1 to SEV3; `auto`: as the votes say again.")] = None,
    users: Annotated[int | None, typer.Option(min=0, help="How many users are hit.")] = None,
    app: Annotated[list[str] | None, typer.Option("--app", help="Another app that is hit; may be repeated.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Whether it is out, or only worse.")] = None,
    level: Annotated[Level | None, typer.Option(help="Which row of the severity table holds.")] = None,
    capability: Annotated[str | None, typer.Option(help="What does not work: 'App UI'.")] = None,
    fault: Annotated[Fault | None, typer.Option(help="Whose fault it seems to be.")] = None,
    visibility: Annotated[Visibility | None, typer.Option(help="Who may see it.")] = None,
    who: Who = "",
    why: Why = "",
) -> None:
    """Say how far it is, or what is known better.

    States, in this order; going back is allowed: TRIAGE, INVESTIGATING, IDENTIFIED, MONITORING, RESOLVED, PIR, CLOSED.
    A severity that a person says replaces all votes until it is `auto` again.

    \b
    Examples:
      slo-streams incidents state q1TFPuySB3k INVESTIGATING
      slo-streams incidents state q1TFPuySB3k --severity SEV1 \\
        --why 'all of checkout is down'
      slo-streams incidents state q1TFPuySB3k RESOLVED --users 20000

    \b
    Exit codes:
      0   written
      1   refused: says why
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    if severity is not None and severity not in (*Severity.__members__, "auto"):
        raise typer.BadParameter("SEV1, SEV2, SEV3 or auto", param_hint="--severity")
    said: dict[str, Any] = {
        "users": users,
        "apps": app or None,
        "kind": kind,
        "level": level,
        "capability": capability,
        "suspectedFault": fault,
        "visibility": visibility,
    }
    said = {name: value for name, value in said.items() if value is not None}
    if severity is not None:
        said["severity"] = None if severity == "auto" else severity
    if to is None and not said:
        raise typer.BadParameter("say a state, or what is known better now", param_hint="STATE")
    with acting(settings_of_or_fail(DatabaseSettings)) as connection:
        if said:
            act_on(connection, incident_id, Act.CHANGED, _person(who, why), said)
        if to is not None:
            act_on(connection, incident_id, Act.STATE, _person(who, why), {"state": to})
        now_is(connection, incident_id)


@incidents_app.command()
def note(
    incident_id: IncidentId,
    text: Annotated[str, typer.Argument(help="What to write into the timeline.", show_default=False)],
    public: Annotated[
        bool, typer.Option("--public", help="A status update: partners who see the incident, and the status page.")
    ] = False,
    who: Who = "",
) -> None:
    """Add a note to the timeline.

    The first public one is the incident's first status update.

    \b
    Examples:
      slo-streams incidents note q1TFPuySB3k 'Rolled back to 1.2.3'
      slo-streams incidents note q1TFPuySB3k --public \\
        'Webhooks are late; we are on it.'

    \b
    Exit codes:
      0   written
      1   there is none of that id
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    if not text.strip():
        raise typer.BadParameter("nothing is said", param_hint="TEXT")
    with acting(settings_of_or_fail(DatabaseSettings)) as connection:
        act_on(connection, incident_id, Act.NOTE, _person(who, text), is_public=public)
        now_is(connection, incident_id)


def _person(who: str, why: str) -> Person:
    return Person(who or me(), why)
