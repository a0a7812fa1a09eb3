"""`slo-streams prober FILE`: checks health URLs and reports what it saw onto Kafka."""

import asyncio
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from streams.durations import duration_ms
from streams.names import AVAILABILITY
from streams.producers.check import CheckResult, check_session
from streams.producers.prober import CONCURRENCY, Prober, Report
from streams.producers.publish import event_producer, report_to
from streams.producers.targets import HealthTarget, InvalidTargetsError, load_targets
from streams.settings import InvalidSettingsError, Settings, load_settings

KAFKA_FAILED = 1
CANNOT_START = 2


def prober(
    file: Annotated[Path, typer.Argument(help="YAML or JSON list of {appKey: ..., url: ...}.", show_default=False)],
    interval: Annotated[str, typer.Option(help="How often each URL is checked.")] = "60s",
    once: Annotated[bool, typer.Option("--once", help="Check every URL one time, show the results, and exit.")] = False,
) -> None:
    """Check health URLs and report every result to Kafka, for the availability objective.

    A check is good when the URL itself answers 200 in under 3 seconds;
    redirects are not followed. Checks are spread evenly over the interval.
    Ctrl-C or SIGTERM lets the checks under way finish; a second one does not.

    \b
    Example:
      $ cat apps.yaml
      - {appKey: com.example.charts, url: https://charts.example.com/health}
      $ SLO_BOOTSTRAP_SERVERS=127.0.0.1:9092 slo-streams prober apps.yaml

    \b
    Exit code:
      0  stopped by a signal, or every result of --once is in Kafka, good or not
      1  Kafka could not be reached, or did not take a result
      2  the list, an option or a setting cannot be used; nothing was checked
    """
    try:
        settings, targets, interval_ms = load_settings(), load_targets(file), _interval_ms(interval)
    except (InvalidSettingsError, InvalidTargetsError) as error:
        typer.echo(error, err=True)
        raise typer.Exit(CANNOT_START) from None
    failure: Exception | None = None
    try:
        asyncio.run(_probe(settings, targets, interval_ms / 1_000, once=once))
    except* KafkaError as group:
        failure = group.exceptions[0]
    if failure is not None:
        typer.echo(
            f"Results could not be reported to {settings.topics.input(AVAILABILITY)} on {settings.bootstrap_servers}: "
            f"{failure}\nIs Kafka there (SLO_BOOTSTRAP_SERVERS)? `slo-streams worker` creates the topic.",
            err=True,
        )
        raise typer.Exit(KAFKA_FAILED)


async def _probe(settings: Settings, targets: Sequence[HealthTarget], interval_s: float, *, once: bool) -> None:
    # A name server that does not answer holds its thread for longer than a check: the other URLs need their own.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(CONCURRENCY, "dns"))
    async with event_producer(settings) as producer, check_session() as session:
        report = await report_to(producer, settings)
        if once:
            await Prober(session, _shown(report)).once(targets)
        else:
            typer.echo(f"Checking {len(targets)} URLs every {interval_s:g} s. Ctrl-C stops.", err=True)
            await Prober(session, report).run(targets, interval_s, _stop_on_signal())


def _shown(report: Report) -> Report:
    async def show_and_report(result: CheckResult) -> None:
        outcome = result.error or f"{result.status_code} in {result.duration_ms:.0f} ms"
        typer.echo(f"{result.target.app_key}  {result.target.url}  {outcome}")
        await report(result)

    return show_and_report


def _interval_ms(text: str) -> int:
    try:
        interval_ms = duration_ms(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--interval") from None
    if interval_ms < 1_000:
        raise typer.BadParameter("at least 1s", param_hint="--interval")
    return interval_ms


def _stop_on_signal() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; a second one ends the process at once."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def on_signal() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    return stop
