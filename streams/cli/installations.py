"""`slo-streams installations`: who may publish results for which app."""

import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from schemas.event_time import utc_text
from streams.cli.shared.ask import ask
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import Column, Table
from streams.cli.shared.text import console, printable
from streams.durations import duration_ms
from streams.gateway.register import (
    LONGEST_GRACE_MS,
    SAFE_BYTES,
    InvalidInstallationsError,
    Listed,
    NewInstallation,
    listed,
    read_list,
    store,
    store_with_grace,
)
from streams.gateway.settings import GatewaySettings
from streams.gateway.vault import LockedError, Vault
from streams.kafka.topic_setup import UnusableClusterError
from streams.plural import number_of
from streams.settings import InvalidSettingsError, load_settings_of

installations_app = typer.Typer(name="installations", no_args_is_help=True)


@installations_app.callback()
def _installations() -> None:
    """Who may publish results through the gateway.

    \b
    Example:
      slo-streams installations list
    """


@installations_app.command()
def add(
    file: Annotated[Path, typer.Argument(help="JSON: an object, an array, or one object a line. - is standard input.")],
    grace: Annotated[str, typer.Option(help="How long the secret before stays good; 0s: not a moment longer.")] = "10m",
) -> None:
    """Add installations, or replace those with the same client key.

    An entry has clientKey, appKey, product and sharedSecret; what a product posts to an app's `installed` callback
    (clientKey, key, productType, sharedSecret) is one, too. Secrets are encrypted with the first key of
    SLO_INSTALLATION_KEYS, or SLO_INSTALLATION_KEYS_FILE, before they leave this process, and are never shown.

    Running gateways follow within a second or so: from then on the new secret holds. The one before stays good for
    --grace, so that no call is lost while an app changes over; where it was stolen, say --grace 0s. To change the key
    of encryption, put a new key first and keep the old one for the gateways, restart them, add all installations again,
    then take the old key away.

    \b
    Example:
      slo-streams installations add - << EOF
      {"clientKey": "c-1", "appKey": "com.example.app", "product": "Jira",
       "sharedSecret": "..."}
      EOF

    \b
    Exit codes:
      0  stored
      1  the topic cannot be used
      2  the list or a setting cannot be used; nothing was stored
      69 no broker answers
    """
    settings, grace_ms = _settings_or_fail(), _grace_ms(grace)
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        new = read_list(content)
        vault = Vault(settings.read_installation_keys())
        records = {one.client_key: one.sealed(vault) for one in new}
    except OSError as problem:
        fail(f"{file}: {problem.strerror}", code=2)
    except InvalidInstallationsError as problem:
        fail(f"{file}: {problem}", code=2)
    except LockedError as problem:
        fail(f"{problem}. `openssl rand -base64 32 | tr +/ -_` makes one; the gateways need the same.", code=2)
    _warn_of_weak(new)
    until = utc_text(time.time_ns() // 1_000_000 + grace_ms)
    _write(settings, store_with_grace(settings, vault, records, until))
    typer.echo(f"Stored {number_of(len(records), 'installation')}.")


@installations_app.command()
def remove(client_key: Annotated[str, typer.Argument(help="The installation.", show_default=False)]) -> None:
    """Remove an installation: nobody may publish for it any more.

    \b
    Example:
      slo-streams installations remove c-1

    \b
    Exit codes:
      0  removed
      1  there is no such installation
      2  a setting cannot be used
      69 no broker answers
    """
    settings = _settings_or_fail()
    known = _known(settings)
    if client_key not in known.closed and all(one.client_key != client_key for one in known.open):
        fail(f"There is no installation {printable(client_key)}.")
    _write(settings, store(settings, [(client_key, None)]))
    typer.echo(f"Removed {printable(client_key)}.")


@installations_app.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each installation.")] = False,
) -> None:
    """Show the installations; never their secrets. A closed one cannot publish: its record cannot be used.

    \b
    Example:
      slo-streams installations list --json | jq '.[] | select(.closed)'

    \b
    Exit codes:
      0  shown, also if there are none
      1  there is no topic of installations yet
      2  a setting cannot be used
      69 no broker answers
    """
    settings = _settings_or_fail()
    known = _known(settings)
    if as_json:
        rows: list[dict[str, str | None]] = [
            {"clientKey": one.client_key, "appKey": one.app_key, "product": one.product, "closed": None}
            for one in known.open
        ]
        rows += [{"clientKey": key, "closed": reason} for key, reason in known.closed.items()]
        print_json(rows)
        return
    if not (known.open or known.closed):
        typer.echo("No installations. `slo-streams installations add FILE` adds some.")
        return
    table = Table(
        Column("client key"), Column("app"), Column("product", rank=1), Column("closed because", is_long=True)
    )
    for one in known.open:
        table.add(printable(one.client_key), printable(one.app_key), printable(one.product), "")
    for key, reason in known.closed.items():
        table.add(printable(key), "", "", printable(reason))
    table.print(console())


def _grace_ms(text: str) -> int:
    try:
        grace_ms = duration_ms(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--grace") from None
    if grace_ms > LONGEST_GRACE_MS:
        raise typer.BadParameter("at most 7d", param_hint="--grace")
    return grace_ms


def _settings_or_fail() -> GatewaySettings:
    try:
        return load_settings_of(GatewaySettings)
    except InvalidSettingsError as problem:
        fail(str(problem), code=2)


def _warn_of_weak(new: list[NewInstallation]) -> None:
    weak = [printable(one.client_key) for one in new if one.is_weak]
    if weak:
        typer.echo(f"Secrets under {SAFE_BYTES} bytes can be guessed: {', '.join(weak)}", err=True)


def _known(settings: GatewaySettings) -> Listed:
    return ask(settings, listed(settings), topics_come_of="slo-streams installations add")


def _write(settings: GatewaySettings, writing: Coroutine[Any, Any, None]) -> None:
    try:
        ask(settings, writing)
    except UnusableClusterError as problem:
        fail(str(problem))
