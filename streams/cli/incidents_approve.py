"""`slo-streams incidents approve-exclusion`: the fault was the platform's."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from schemas.event_time import utc_text
from schemas.exclusions import Exclusion
from streams.cli.shared.ask import settings_of_keeper_or_fail, settings_of_or_fail
from streams.cli.shared.database import history_connection
from streams.cli.shared.failure import fail
from streams.cli.shared.incident_acts import IncidentId, Who, Why, acting, me
from streams.cli.shared.incident_text import show_exclusions
from streams.cli.shared.json_text import print_json
from streams.cli.shared.text import console, printable
from streams.documents.remark import InvalidFileError
from streams.evaluation.exclusions import ExclusionRule
from streams.impact.preview import Preview, preview
from streams.incidents.people import Person, approve, find, proposal
from streams.objectives import read_objectives
from streams.plural import number_of
from streams.rules import read_rules
from streams.rules.settings import RulesSettings

_SHOWN: Final = 50


def approve_exclusion(
    incident_id: IncidentId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON object: exclusions, breaches, stages.")] = False,
    who: Who = "",
    why: Why = "",
) -> None:
    """Take an incident out of every budget.

    For one whose fault was the platform's. An exclusion is written to slo.exclusions.v1 for all apps where the incident
    was: breaches in it are annulled, budgets heal and standings follow, also in the past. While the incident is open it
    has no end; with the end of the incident it gets one. `slo-streams exclude end ID --withdraw` takes it back.

    What it changes is shown: every breach that does not count any more, every app that stands elsewhere on the ladder.

    \b
    Examples:
      slo-streams incidents approve-exclusion q1TFPuySB3k --dry-run
      slo-streams incidents approve-exclusion q1TFPuySB3k \\
        --why 'delivery service was down'

    \b
    Exit codes:
      0   approved; the desk publishes it
      1   refused: says why
      2   an option, a setting, objectives or rules cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    topics = settings_of_keeper_or_fail().topics
    settings = settings_of_or_fail(RulesSettings)
    with acting(settings) as connection:
        exclusions = proposal(connection, find(connection, incident_id))
    seen = _preview(settings, exclusions)
    if not dry_run:
        with acting(settings) as connection:
            exclusions = approve(connection, topics, incident_id, Person(who or me(), why))
    if as_json:
        print_json(_document(exclusions, seen))
    elif not exclusions:
        typer.echo("Nothing is proposed: only incidents that were found, and of the platform, propose an exclusion.")
    else:
        typer.echo("Would be left out of every budget:" if dry_run else "Approved. Left out of every budget:")
        show_exclusions(console(), exclusions)
        _show(seen)


def _preview(settings: RulesSettings, exclusions: Sequence[Exclusion]) -> Preview:
    try:
        objectives, rules = read_objectives(settings.objectives).all, read_rules(settings.rules).standing
    except InvalidFileError as problem:
        fail(str(problem), code=2)
    tried = {
        one.id: ExclusionRule(one.app_key, one.metric_id, False, one.start, one.end, one.scope) for one in exclusions
    }
    with history_connection(settings) as connection:
        return preview(connection, settings, objectives, rules, tried)


def _show(seen: Preview) -> None:
    apps = {one.app_key for one in seen.breaches}
    do = "does" if len(seen.breaches) == 1 else "do"
    breaches = number_of(len(seen.breaches), "breach", "breaches")
    typer.echo(f"{breaches} of {number_of(len(apps), 'app')} {do} not count:")
    for one in seen.breaches[:_SHOWN]:
        typer.echo(f"  {one.incident_id}  {utc_text(one.breached_ms)}  {printable(one.app_key)}")
    if len(seen.breaches) > _SHOWN:
        typer.echo(f"  and {len(seen.breaches) - _SHOWN:,} more; --json has all of them")
    moving = number_of(len(seen.stages), "app stands", "apps stand")
    typer.echo(f"{moving} elsewhere on the ladder:" if seen.stages else "No app moves.")
    for moved in seen.stages[:_SHOWN]:
        typer.echo(f"  {printable(moved.app_key)}: {moved.before} to {moved.after}")
    if seen.uncounted:
        typer.echo(f"Of {number_of(len(seen.uncounted), 'app')} history has not counted all yet: more may change.")


def _document(exclusions: Sequence[Exclusion], seen: Preview) -> dict[str, Any]:
    return {
        "exclusions": [one.model_dump(mode="json") for one in exclusions],
        "breaches": [
            {"incidentId": one.incident_id, "appKey": one.app_key, "breachedAt": utc_text(one.breached_ms)}
            for one in seen.breaches
        ],
        "stages": [{"appKey": one.app_key, "before": one.before, "after": one.after} for one in seen.stages],
        "uncounted": list(seen.uncounted),
    }
