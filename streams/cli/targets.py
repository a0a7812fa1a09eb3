"""`slo-streams targets`: look at a targets file before a notifier does, and try a target out."""

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.failure import fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.table import Column, Table
from streams.cli.shared.targets import doubt, targets_or_fail
from streams.cli.shared.text import console
from streams.notifier.assembly import channels_of
from streams.notifier.channel import Accepted, Channel
from streams.notifier.notification import Kind
from streams.notifier.settings import NotifierSettings
from streams.notifier.target import Target
from streams.notifier.target_file import InvalidTargetsError, read_targets
from streams.notifier.target_file.address import shown
from streams.notifier.trial import trial
from streams.plural import number_of

targets_app = typer.Typer(name="targets", no_args_is_help=True)
_ANY: Final = "any"


@targets_app.callback()
def _targets() -> None:
    """Who the notifier tells, beside the addresses of the catalogue.

    \b
    Examples:
      slo-streams targets check targets.yaml
      slo-streams targets send-test acme-oncall
    """


@targets_app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", envvar="SLO_TARGETS", help="A file of targets.")],
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array, one object for each target.")] = False,
) -> None:
    """Check a targets file and show how it is understood.

    Prints one row for each target, and what will not work as the settings are; or every problem as
    `file:line: field: what to change`. Secrets are not shown. `${NAME}` is looked up in this environment: run it in the
    notifier's.

    \b
    Examples:
      slo-streams targets check targets.yaml
      slo-streams targets check targets.yaml --json

    \b
    Exit codes:
      0  it can be used
      1  it cannot be used; nothing but the reasons is shown
      2  wrong options or settings
    """
    settings = settings_of_or_fail(NotifierSettings)
    try:
        targets = read_targets(file)
    except InvalidTargetsError as problem:
        fail(str(problem))
    if as_json:
        documents = [_document(target, settings) for target in targets]
        print_json(documents)
        return
    out = console()
    _table(targets).print(out)
    doubts = {target.id: why for target in targets if (why := doubt(target, settings))}
    said = f"{file}: {number_of(len(targets), 'target')}, no problems."
    out.print("\n".join(["", said, *(f"{name}: {why}" for name, why in doubts.items())]), soft_wrap=True)


@targets_app.command(name="send-test")
def send_test(
    target_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a target of SLO_TARGETS.")],
) -> None:
    """Send a test message to a target, and say what it answers.

    The message says that nothing has happened. It goes the way of every message, by the settings of this environment,
    but is not kept. What opens an alert (pagerduty, jsm, alertmanager) opens one that is not grave: close it there.

    \b
    Examples:
      slo-streams targets send-test acme-oncall

    \b
    Exit codes:
      0  the other side has taken it
      1  it has not, or there is no such target
      2  a setting or the targets file cannot be used
    """
    settings = settings_of_or_fail(NotifierSettings)
    if settings.targets is None:
        fail("SLO_TARGETS: not set. It is the path of the file that names the targets.", code=2)
    targets = targets_or_fail(settings)
    target = next((one for one in targets if one.id == target_id), None)
    if target is None:
        fail(f"{settings.targets} has no target {target_id}. It has {', '.join(one.id for one in targets)}.")
    channel = next((one for one in channels_of(settings, [target]) if one.name == target.channel), None)
    if channel is None:
        fail("SLO_SMTP_URL: not set. It is the mail server, as smtp://user:password@mail:587", code=2)
    outcome = asyncio.run(_send(channel, target))
    if not isinstance(outcome, Accepted):
        fail(f"{target.id}: {shown(target)} did not take it: {outcome.why}")
    remote = f" ({outcome.remote_id})" if outcome.remote_id else ""
    console().print(f"{target.id}: {shown(target)} has taken it{remote}", soft_wrap=True)


async def _send(channel: Channel, target: Target) -> Any:
    try:
        return await channel.send(trial(channel, target, time.time_ns() // 1_000_000), target)
    finally:
        await channel.close()


def _table(targets: list[Target]) -> Table:
    table = Table(
        Column("target"),
        Column("told of"),
        Column("channel"),
        Column("address", rank=1, is_long=True),
        Column("events", rank=3, is_long=True),
        Column("severities", rank=3),
        Column("role", rank=2),
        Column("digests", rank=4),
        Column("zone", rank=5),
    )
    for target in targets:
        table.add(
            target.id,
            _whom(target),
            target.channel,
            shown(target),
            ", ".join(sorted(target.events)) or _ANY,
            ", ".join(sorted(target.severities)) or _ANY,
            target.role or "",
            "no" if target.machine else "yes",
            target.timezone,
        )
    return table


def _whom(target: Target) -> str:
    if target.events == {Kind.OPERATORS}:
        return "its role alone"
    if target.app is not None:
        return f"app {target.app}"
    return "every app" if target.partner is None else f"partner {target.partner}"


def _document(target: Target, settings: NotifierSettings) -> dict[str, Any]:
    return {
        "id": target.id,
        "partner": target.partner,
        "app": target.app,
        "all": target.partner is None and target.app is None and target.events != {Kind.OPERATORS},
        "channel": target.channel,
        "address": shown(target),
        "events": sorted(target.events),
        "severities": sorted(target.severities),
        "role": target.role,
        "machine": target.machine,
        "timezone": target.timezone,
        "doubt": doubt(target, settings),
    }
