"""`slo-streams prober`: checks the apps' health URLs and reports what it saw onto Kafka."""

import asyncio
import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Final

import typer
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from streams import logs
from streams.cli.shared.ask import why_no_answer
from streams.cli.shared.failure import fail
from streams.cli.shared.text import printable
from streams.client.producer import acknowledged_producer
from streams.durations import duration_ms
from streams.exits import ExitCode
from streams.kafka.aiokafka_0_14_0 import install
from streams.kafka.cluster import MissingTopicError
from streams.names import AVAILABILITY
from streams.plural import number_of
from streams.prober.check import CheckResult, checker
from streams.prober.prober import Prober
from streams.prober.probing import catalogue_prober, list_prober, reach_of
from streams.prober.publish import Report, report_to
from streams.prober.references import InvalidReferenceError, check_references
from streams.prober.targets import HealthTarget, InvalidTargetsError, load_targets, targets_of
from streams.registry.apps import read_apps
from streams.settings import InvalidSettingsError, Settings, load_settings

KAFKA_FAILED: Final = 1
CANNOT_START: Final = 2

# A name server that does not answer holds its thread for longer than a check: the other URLs need their own.
_DNS_THREADS: Final = 256


def prober(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="List of {appKey: ..., url: ...}, as YAML, JSON or NDJSON; without it, the app catalogue.",
            show_default=False,
        ),
    ] = None,
    interval: Annotated[
        str | None,
        typer.Option(help="How often each URL is checked; SLO_PROBER_INTERVAL unless given.", show_default="60s"),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Check every URL one time, show the results, and exit.")] = False,
) -> None:
    """Check health URLs and report every result to Kafka, for the availability objective.

    A check is good when the URL itself answers 200 in under 3 seconds; redirects are not followed. Each URL has its
    own moment in the minute. Without FILE the app catalogue is followed: apps and URLs come and go while it runs, and
    several probers share them. When one comes or goes, some URLs skip a check; none is checked twice.

    Only https on the ports of SLO_PROBER_PORTS (443,8443) and public addresses are called, as anybody may write a URL
    into a catalogue. A URL that is refused is logged and counts against nobody. SLO_PROBER_ALLOW_PRIVATE=true allows
    http, any port and private addresses.
    Ctrl-C or SIGTERM lets the checks under way finish; a second one does not.

    \b
    Examples:
      $ slo-streams apps import apps.yaml && slo-streams prober
      $ cat urls.yaml
      - {appKey: com.example.charts, url: https://charts.example.com/health}
      $ SLO_BOOTSTRAP_SERVERS=127.0.0.1:9092 slo-streams prober urls.yaml --once

    \b
    Exit codes:
      0  stopped by a signal, or every result of --once is in Kafka, good or not
      1  Kafka has no such topic, or did not take a result
      2  the list, an option or a setting cannot be used; nothing was checked
      69 no broker answers
    """
    try:
        settings, targets = load_settings(), None if file is None else load_targets(file)
        check_references(settings.prober_reference_urls, reach_of(settings))
    except (InvalidSettingsError, InvalidTargetsError, InvalidReferenceError) as error:
        fail(str(error), code=CANNOT_START)
    if interval is not None:
        settings = settings.model_copy(update={"prober_interval": _interval_ms(interval)})
    logs.configure("INFO", settings.log_format)
    install()
    failures: list[Exception] = []
    try:
        asyncio.run(_probe(settings, targets, once=once))
    except* (KafkaError, MissingTopicError) as group:
        failures += group.exceptions
    if failures and isinstance(failures[0], KafkaConnectionError):
        fail(f"The prober ended. {why_no_answer(settings, failures[0])}", code=ExitCode.UNAVAILABLE)
    if failures:
        fail(
            f"The prober ended: Kafka at {settings.bootstrap_servers}: {failures[0]}\n"
            f"It reports to {settings.topics.input(AVAILABILITY)}. Is Kafka there (SLO_BOOTSTRAP_SERVERS)? "
            "`slo-streams worker` or `slo-streams topics --create` creates the topics.",
            code=KAFKA_FAILED,
        )


async def _probe(settings: Settings, targets: Sequence[HealthTarget] | None, *, once: bool) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_DNS_THREADS, "dns"))
    async with acknowledged_producer(settings) as producer:
        if once:
            await _check_once(settings, producer, targets)
        elif targets is not None:
            async with list_prober(settings, producer, targets) as prober:
                await _run(prober, settings, number_of(len(targets), "URL"))
        else:
            async with catalogue_prober(settings, producer) as prober:
                shared = f"the URLs of {settings.topics.apps}, shared in the group {settings.prober_group_id},"
                await _run(prober, settings, shared)


async def _check_once(settings: Settings, producer: AIOKafkaProducer, targets: Sequence[HealthTarget] | None) -> None:
    report = await report_to(producer, settings)
    if targets is None:
        targets = [target for app in (await read_apps(settings)).values() for target in targets_of(app)]
    async with checker(reach_of(settings)) as checks:
        await Prober(checks, _shown(report), settings.prober_interval).once(targets)


async def _run(prober: Prober, settings: Settings, what: str) -> None:
    """Run until the first SIGTERM or SIGINT; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        prober.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    typer.echo(f"Checking {what} every {settings.prober_interval / 1_000:g} s. Ctrl-C stops.", err=True)
    await prober.run()
    typer.echo(f"Stopped: {prober.counts}.", err=True)


def _shown(report: Report) -> Report:
    async def show_and_report(result: CheckResult) -> None:
        outcome = result.error or f"{result.status_code} in {result.duration_ms:.0f} ms"
        typer.echo(printable(f"{result.target.app_key}  {result.target.url}  {outcome}"))
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
