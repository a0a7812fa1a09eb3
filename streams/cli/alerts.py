"""`slo-streams alerts`: breaches and recoveries as they are published."""

import contextlib
import sys
from typing import Annotated

import typer
from rich.console import Console

from streams.cli.shared.alert_line import alert_line
from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.text import console
from streams.kafka.alerts import alert_records, read_alert
from streams.settings import Settings

alerts_app = typer.Typer(name="alerts", no_args_is_help=True)


@alerts_app.callback()
def _alerts() -> None:
    """Breaches and recoveries.

    \b
    Example:
      slo-streams alerts tail
    """


@alerts_app.command()
def tail(
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with all alerts that Kafka keeps.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The records as they are, one a line.")] = False,
) -> None:
    """Show breaches and recoveries as they come. Ctrl-C ends it.

    Reads what is committed, as every consumer of alerts should; joins no consumer group, so it disturbs nobody.
    Times are UTC.

    \b
    Examples:
      slo-streams alerts tail
      slo-streams alerts tail --json | jq -r 'select(.type == "BREACH") | .appKey'

    \b
    Exit codes:
      0  ended by Ctrl-C
      1  no broker answers, or there is no topic of alerts yet
      2  an option or a setting cannot be used
    """
    settings = settings_or_fail()
    with contextlib.suppress(KeyboardInterrupt):
        ask(settings, _follow(settings, console(), from_start=from_start, as_json=as_json))


async def _follow(settings: Settings, out: Console, *, from_start: bool, as_json: bool) -> None:
    async with alert_records(settings, from_start=from_start) as records:
        typer.echo("Alerts are shown as they come. Ctrl-C ends it.", err=True)
        async for record in records:
            if as_json:
                sys.stdout.buffer.write((record.value or b"null") + b"\n")
                sys.stdout.buffer.flush()
            elif (alert := read_alert(record.value)) is not None:
                out.print(alert_line(alert, with_date=True), soft_wrap=True)
            else:
                out.print(f"partition {record.partition}, offset {record.offset}: not an alert", style="yellow")
