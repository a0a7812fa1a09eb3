"""`slo-streams exclude`: times that do not count against apps."""

import time
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from schemas.exclusions import Exclusion
from streams.cli.exclude_add import add
from streams.cli.shared.ask import ask, settings_of_keeper_or_fail, settings_or_fail
from streams.cli.shared.exclude_text import TIME_HELP, listed, show, span
from streams.cli.shared.failure import fail
from streams.cli.shared.text import printable, utc_text
from streams.cli.shared.zoned import zone_named, zoned_ms
from streams.plural import number_of
from streams.registry.exclusions import DeclaredExclusion, ended, known_of, read_exclusions, with_id
from streams.registry.write import write
from streams.settings import Settings

exclude_app = typer.Typer(name="exclude", no_args_is_help=True)
exclude_app.command()(add)


@exclude_app.callback()
def _exclude() -> None:
    """Times that do not count: planned downtime, faults of the platform.

    \b
    Example:
      slo-streams exclude list
    """


@exclude_app.command()
def end(
    exclusion_id: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.", show_default=False)],
    at: Annotated[str, typer.Option(metavar="TIME", help=f"{TIME_HELP}.")] = "now",
    tz: Annotated[ZoneInfo | None, typer.Option(parser=zone_named, metavar="ZONE", show_default="UTC")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="As if it had never been declared.")] = False,
) -> None:
    """End an exclusion: what comes after counts again.

    Of a recurring one, every occurrence. Its start stays, and with it the notice; one that has not begun takes nothing
    out any more. To make one longer, add it again with the same id and start. --withdraw takes it off the record: what
    it left out counts for alerts that are still to be judged; what was judged stays.

    \b
    Examples:
      slo-streams exclude end ex-9f86d081
      slo-streams exclude end upgrades --at 2026-12-24T00:00 --tz Europe/Berlin
      slo-streams exclude end ex-9f86d081 --withdraw

    \b
    Exit codes:
      0  ended, also if it was over already
      1  there is no such exclusion, or one was not taken:
         end it again
      2  an option or a setting cannot be used; nothing was sent
      69 no broker answers
    """
    settings = settings_of_keeper_or_fail()
    if withdraw and at != "now":
        raise typer.BadParameter("a withdrawal has no time", param_hint="--at")
    at_ms = zoned_ms(at, tz, "--at")
    found, changed = ask(settings, _end(settings, exclusion_id, None if withdraw else at_ms))
    if not found:
        fail(f"There is no exclusion {printable(exclusion_id)}. `slo-streams exclude list` shows those there are.")
    if withdraw:
        typer.echo(f"{len(found):,} withdrawn: nothing is left out by {printable(exclusion_id)} any more.")
        return
    in_part = [one for one in changed if one.end != one.start]
    for line in listed([f"{printable(one.id)}: now {span(one)}" for one in in_part]):
        typer.echo(line)
    if len(in_part) < len(changed):
        called_off = number_of(len(changed) - len(in_part), "was", "were")
        typer.echo(f"{called_off} still to come: called off, so nothing is left out.")
    if len(changed) < len(found):
        over = number_of(len(found) - len(changed), "was", "were")
        typer.echo(f"{over} over by {utc_text(at_ms)} already, and stay as they are.")


@exclude_app.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each.")] = False,
) -> None:
    """Show the exclusions there are.

    First those that hold now, then those to come, then those that are over, the newest first.

    \b
    Examples:
      slo-streams exclude list
      slo-streams exclude list --json | jq '.[] | select(.state == "current")'

    \b
    Exit codes:
      0  shown, also if there are none
      1  there is no topic of exclusions yet
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    exclusions = ask(settings, read_exclusions(settings))
    show(known_of(exclusions).values(), time.time_ns() // 1_000_000, as_json=as_json)


async def _end(
    settings: Settings, exclusion_id: str, at_ms: int | None
) -> tuple[list[DeclaredExclusion], list[Exclusion]]:
    """Exclusions of that id, and the records that end them earlier; without a time all are withdrawn."""
    found = with_id(known_of(await read_exclusions(settings)).values(), exclusion_id)
    if at_ms is None:
        await write(settings, settings.topics.exclusions, dict.fromkeys(one.exclusion.id for one in found))
        return found, []
    changed = [one for known in found if (one := ended(known.exclusion, at_ms)) is not None]
    await write(settings, settings.topics.exclusions, {one.id: one for one in changed})
    return found, changed
