"""`slo-streams watch`: does somebody judge every partition? Asked of the heartbeats, apart from the workers."""

import asyncio
import signal
import time
from typing import Annotated, Final

import typer

from streams import logs
from streams.cli.shared.ask import ask, settings_or_fail
from streams.cli.shared.text import duration_text, printable
from streams.durations import duration_ms
from streams.exits import ExitCode
from streams.health.endpoint import plain_health_app, served
from streams.plural import number_of
from streams.settings import Settings
from streams.watch.follow import Heartbeats, heartbeats
from streams.watch.look import Seen, lagging, look, missing
from streams.watch.metrics import WatchMetrics

_NAMED: Final = 10  # partitions in one answer


def watch(
    older_than: Annotated[str, typer.Option(metavar="DURATION", help="A heartbeat this old counts as none.")] = "1m",
    most_lag: Annotated[
        int | None, typer.Option("--lag", min=0, help="Also fail where a partition has more records left.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Keep watching: /metrics and /ready at this port; 0: look once.")
    ] = 0,
) -> None:
    """Tell whether somebody judges every input partition, by the heartbeats of the workers.

    A dead evaluator pages nobody, and a worker that lives may judge nothing: run this apart from them. It looks once,
    or with --port keeps on and answers Prometheus on SLO_HEALTH_HOST.

    \b
    Examples:
      SLO_BOOTSTRAP_SERVERS=kafka-1:9092 slo-streams watch || page-somebody
      slo-streams watch --port 8090

    \b
    Exit codes:
      0  every partition is judged, or stopped when asked
      1  a partition is not, or lags, or there are no heartbeats
      2  an option or a setting cannot be used
      69 no broker answers
    """
    try:
        older_than_s = duration_ms(older_than) / 1_000
    except ValueError as problem:
        raise typer.BadParameter(str(problem), param_hint="--older-than") from None
    settings = settings_or_fail()
    if port:
        logs.configure("INFO", settings.log_format)
        ask(settings, _keep_watching(settings, older_than_s, most_lag, port))
        return
    seen = ask(settings, _look_once(settings))
    problems = _problems(seen, older_than_s, most_lag)
    for line in problems or [_all_is_well(seen)]:
        typer.echo(line)
    if problems:
        raise typer.Exit(ExitCode.FAILED)


def _all_is_well(seen: list[Seen]) -> str:
    are = "is" if len(seen) == 1 else "are"
    return f"{number_of(len(seen), 'partition')} {are} judged; the oldest heartbeat is {_oldest(seen)} old."


async def _look_once(settings: Settings) -> list[Seen]:
    async with heartbeats(settings) as its:
        return _seen(its)


async def _keep_watching(settings: Settings, older_than_s: float, most_lag: int | None, port: int) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with heartbeats(settings) as its:
        metrics = WatchMetrics(lambda: _seen(its), older_than_s)

        def what_is_wrong() -> str | None:
            return "; ".join(_problems(_seen(its), older_than_s, most_lag)) or None

        app = plain_health_app(lambda: None, what_is_wrong, metrics.exposition)
        async with served(app, settings.health_host, port, name="watch", port_setting="--port"):
            following = asyncio.create_task(its.follow())
            stopping = asyncio.create_task(stopped.wait())
            await asyncio.wait([following, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in (following, stopping):
                task.cancel()
            if not stopped.is_set():
                following.result()


def _seen(its: Heartbeats) -> list[Seen]:
    return look(its.partitions, its.heard, time.time_ns() // 1_000_000)


def _problems(seen: list[Seen], older_than_s: float, most_lag: int | None) -> list[str]:
    said = [f"{one.name}: {_silence(one)}" for one in missing(seen, older_than_s)]
    if most_lag is not None:
        said += [f"{one.name}: records left: {one.lag:,}" for one in lagging(seen, most_lag)]
    more = len(said) - _NAMED
    return said[:_NAMED] + ([f"and {more} more"] if more > 0 else [])


def _silence(one: Seen) -> str:
    if one.age_s is None:
        return "no heartbeat"
    return printable(f"no heartbeat for {duration_text(int(one.age_s * 1_000))}, the last by {one.worker}")


def _oldest(seen: list[Seen]) -> str:
    return duration_text(int(max(one.age_s or 0.0 for one in seen) * 1_000))
