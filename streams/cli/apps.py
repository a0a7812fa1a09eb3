"""`slo-streams apps`: the app catalogue, brought in from a file and shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from schemas.apps import App
from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, printable, utc_text
from streams.plural import number_of
from streams.registry.apps import AppChanges, InvalidAppsError, changes, load_apps, read_apps
from streams.registry.write import write
from streams.settings import Settings

apps_app = typer.Typer(name="apps", no_args_is_help=True)


@apps_app.callback()
def _apps() -> None:
    """The app catalogue: names, URLs to check, clients that never count.

    \b
    Example:
      slo-streams apps import apps.yaml
    """


@apps_app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="List of apps: YAML, .json or .ndjson.", show_default=False)],
    prune: Annotated[bool, typer.Option("--prune", help="Remove the apps that are not in the file.")] = False,
) -> None:
    """Make the catalogue say of these apps what the file says.

    The whole file is checked before anything is sent; what is the same already is not sent again, so it may be
    imported as often as you like. Workers and probers follow at once. Every field but the last two is needed:

    \b
      - appKey: com.example.charts
        name: Charts                   # as alerts show it
        partnerName: Example           # as alerts show it
        email: sre@example.com         # who is told about breaches
        healthcheckUrls: [https://charts.example.com/health]
        excludedClientKeys: []         # installations that never count
        partnerId: example             # who may see it; else the platform only
        enrolledAt: 2026-03-01T00:00:00Z   # told of breaches from then on

    \b
    Examples:
      slo-streams apps import apps.yaml
      slo-streams apps list --json > apps.json

    \b
    Exit codes:
      0  the catalogue is as the file has it
      1  there is no catalogue yet, or an app was not taken:
         import again
      2  the file, an option or a setting cannot be used; nothing was sent
      69 no broker answers
    """
    settings = settings_or_fail()
    try:
        wanted = load_apps(file)
    except InvalidAppsError as problem:
        fail(f"{problem}\nNothing was sent.", code=2)
    found = ask(settings, _import(settings, wanted, prune=prune))
    parts = [f"{len(found.added):,} added", f"{len(found.changed):,} changed", f"{len(found.unchanged):,} as before"]
    if prune:
        parts.append(f"{len(found.left):,} removed")
    typer.echo(f"{number_of(len(wanted), 'app')}: {', '.join(parts)}.")
    if found.left and not prune:
        left = number_of(len(found.left), "app is", "apps are")
        typer.echo(f"{left} in the catalogue and not in the file, and stay there. --prune removes them.")


@apps_app.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array that `import` reads.")] = False,
) -> None:
    """Show the catalogue as it is now, by appKey.

    \b
    Examples:
      slo-streams apps list
      slo-streams apps list --json | jq -r '.[].appKey'

    \b
    Exit codes:
      0  shown, also if there are no apps
      1  there is no catalogue yet
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    apps = ask(settings, read_apps(settings))
    in_order = [apps[key] for key in sorted(apps)]
    if as_json:
        documents = [app.model_dump() for app in in_order]
        print_json(documents)
    elif not in_order:
        typer.echo("No apps. `slo-streams apps import FILE` brings them in.")
    else:
        _table(in_order).print(console())


async def _import(settings: Settings, wanted: list[App], *, prune: bool) -> AppChanges:
    found = changes(await read_apps(settings), wanted)
    removed: Mapping[str, None] = dict.fromkeys(found.left) if prune else {}
    await write(settings, settings.topics.apps, {**found.added, **found.changed, **removed})
    return found


def _table(apps: list[App]) -> Table:
    table = Table(
        Column("app"),
        Column("name", rank=1),
        Column("partner", rank=2),
        Column("partner id", rank=3),
        Column("email", rank=5),
        Column("enrolled", rank=4),
        Column("excluded clients", rank=5, is_number=True),
        Column("health URLs", is_long=True),
    )
    for app in apps:
        texts = map(printable, (app.app_key, app.name, app.partner_name, app.partner_id or "", app.email))
        enrolled = "" if app.enrolled_at is None else utc_text(app.enrolled_at)
        urls = " ".join(map(printable, app.healthcheck_urls))
        table.add(*texts, enrolled, str(len(app.excluded_client_keys) or ""), urls)
    return table
