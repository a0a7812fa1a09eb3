"""`slo-streams incidents pir`: the post-incident review."""

from pathlib import Path
from typing import Annotated, Any

import typer

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.incident_acts import IncidentId, Who, Why, acting, me, now_is
from streams.database.settings import DatabaseSettings
from streams.incidents.entry import Act, Fault, PirStatus
from streams.incidents.people import Person, act_on, find
from streams.incidents.permitted import INCIDENT_MANAGER
from streams.incidents.review import measure_of


def pir(
    incident_id: IncidentId,
    text: Annotated[Path | None, typer.Option("--text", help="What happened, and why: a file of text.")] = None,
    action: Annotated[
        list[str] | None,
        typer.Option("--action", metavar="'OWNER: WHAT [by YYYY-MM-DD]'", help="What is done; may be repeated."),
    ] = None,
    at_fault: Annotated[Fault | None, typer.Option(help="Whose system was at fault.")] = None,
    submit: Annotated[bool, typer.Option("--submit", help="It is ready to be signed off.")] = False,
    sign_off: Annotated[bool, typer.Option("--sign-off", help="An incident manager agrees with it.")] = False,
    role: Annotated[str | None, typer.Option(help=f"Yours; only {INCIDENT_MANAGER} signs off.")] = None,
    who: Who = "",
    why: Why = "",
) -> None:
    """Write the review of an incident.

    A draft, until it is submitted, and signed off by an incident manager. What is not said stays as it was in the draft
    before.

    \b
    Examples:
      slo-streams incidents pir q1TFPuySB3k --text review.md \\
        --action 'ben: alert on full disks by 2026-04-30' --at-fault PLATFORM
      slo-streams incidents pir q1TFPuySB3k --submit
      slo-streams incidents pir q1TFPuySB3k --sign-off --role incident-manager

    \b
    Exit codes:
      0   written
      1   refused: says why
      2   an option or a setting cannot be used
      69  the database cannot be reached
      78  the database has another schema
    """
    settings = settings_of_or_fail(DatabaseSettings)
    if submit and sign_off:
        raise typer.BadParameter("one at a time", param_hint="--submit, --sign-off")
    status = PirStatus.SIGNED_OFF if sign_off else PirStatus.SUBMITTED if submit else PirStatus.DRAFT
    with acting(settings) as connection:
        before = find(connection, incident_id).pir
        data: dict[str, Any] = {
            "status": status,
            "text": _read(text) if text is not None else "" if before is None else before.text,
            "actions": [_action(one) for one in action] if action else [] if before is None else before.actions,
            "systemAtFault": at_fault or (Fault.UNKNOWN if before is None else before.system_at_fault),
        }
        act_on(connection, incident_id, Act.PIR, Person(who or me(), why, role), data)
        now_is(connection, incident_id)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        fail(f"{path}: {problem}", code=2)


def _action(text: str) -> dict[str, Any]:
    try:
        return measure_of(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--action") from None
