"""`slo-streams alerts`: breaches and recoveries, as they are published and as they were."""

import contextlib
import sys
import time
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.console import Console

from schemas import Alert
from schemas.event_time import epoch_ms
from streams.cli.shared.alert_line import print_alert
from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.json_text import print_json
from streams.cli.shared.moment import moment_or_ago_ms
from streams.cli.shared.text import console, printable
from streams.evaluation.exclusions import Exclusions
from streams.kafka.alerts import alert_records, past_alerts, read_alert
from streams.registry.exclusions import Series, acting, read_exclusions
from streams.settings import Settings

_DAY_MS: Final = 86_400_000

alerts_app = typer.Typer(name="alerts", no_args_is_help=True)


@alerts_app.callback()
def _alerts() -> None:
    """Breaches and recoveries.

    \b
    Example:
      slo-streams alerts list --since 7d
    """


@alerts_app.command(name="list")
def list_(
    app: Annotated[str | None, typer.Option(metavar="APPKEY", help="Of one app.", show_default="all")] = None,
    since: Annotated[
        int | None,
        typer.Option(
            metavar="TIME",
            parser=moment_or_ago_ms,
            help="From then on: RFC 3339, epoch ms, or how long ago, as 2h.",
            show_default="24h",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON array of the records as they are.")] = False,
) -> None:
    """Show the alerts of a time, the oldest first.

    Times are UTC and those of the boundary that was judged. Kafka keeps alerts for 35 days, unless told otherwise.
    Joins no consumer group, so it disturbs nobody.

    \b
    Examples:
      slo-streams alerts list --app com.acme.charts --since 7d
      slo-streams alerts list --json | jq -r '.[].appKey' | sort | uniq -c

    \b
    Exit codes:
      0  shown, also if there are none
      1  there is no topic of alerts yet
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    since_ms = time.time_ns() // 1_000_000 - _DAY_MS if since is None else since
    alerts, exclusions = ask(settings, _past(settings, app, since_ms))
    if as_json:
        documents = [alert.model_dump() for alert in alerts]
        print_json(documents)
        return
    if not alerts:
        typer.echo("No alerts." if app is None else f"No alerts of {printable(app)}.")
    out = console()
    for alert in alerts:
        print_alert(out, alert, with_date=True, excluded_by=_excluded_by(settings, exclusions, alert))


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
      1  there is no topic of alerts yet
      2  an option or a setting cannot be used
      69 no broker answers
    """
    settings = settings_or_fail()
    with contextlib.suppress(KeyboardInterrupt):
        ask(settings, _follow(settings, console(), from_start=from_start, as_json=as_json))


async def _past(settings: Settings, app: str | None, since_ms: int) -> tuple[list[Alert], Exclusions | None]:
    alerts = await past_alerts(settings, app, since_ms)
    is_any_excluded = any(alert.reason == "EXCLUDED" for alert in alerts)
    return alerts, await read_exclusions(settings) if is_any_excluded else None


async def _follow(settings: Settings, out: Console, *, from_start: bool, as_json: bool) -> None:
    async with alert_records(settings, from_start=from_start) as records:
        typer.echo("Alerts are shown as they come. Ctrl-C ends it.", err=True)
        async for record in records:
            if as_json:
                sys.stdout.buffer.write((record.value or b"null") + b"\n")
                sys.stdout.buffer.flush()
            elif (alert := read_alert(record.value)) is not None:
                exclusions = await read_exclusions(settings) if alert.reason == "EXCLUDED" else None
                print_alert(out, alert, with_date=True, excluded_by=_excluded_by(settings, exclusions, alert))
            else:
                out.print(f"partition {record.partition}, offset {record.offset}: not an alert", style="yellow")


def _excluded_by(settings: Settings, exclusions: Exclusions | None, alert: Alert) -> Sequence[str]:
    """The exclusions that a recovery is because of."""
    if exclusions is None or alert.reason != "EXCLUDED":
        return ()
    window = epoch_ms(alert.window_start), epoch_ms(alert.window_end)
    series = Series(alert.app_key, alert.metric_id, alert.scope)
    return acting(exclusions, window[1] + settings.allowed_lateness, series, window)
