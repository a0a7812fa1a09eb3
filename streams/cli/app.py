"""The command line assembled: every command module registers one command here."""

import typer

from streams.cli.alerts import alerts_app
from streams.cli.apps import apps_app
from streams.cli.broker import broker
from streams.cli.database import database_app
from streams.cli.doctor import doctor
from streams.cli.exclude import exclude_app
from streams.cli.explain import explain
from streams.cli.export import export_
from streams.cli.gateway import gateway
from streams.cli.installations import installations_app
from streams.cli.objectives import objectives_app
from streams.cli.prober import prober
from streams.cli.rejected import rejected_app
from streams.cli.replay import replay
from streams.cli.run import run
from streams.cli.shared.text import drop_output
from streams.cli.status import status
from streams.cli.topics import topics
from streams.cli.windows import windows
from streams.cli.worker import worker

app = typer.Typer(name="slo-streams", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command()(broker)
app.command()(doctor)
app.command()(explain)
app.command(name="export")(export_)
app.command()(gateway)
app.command()(prober)
app.command()(replay)
app.command()(run)
app.command()(status)
app.command()(topics)
app.command()(windows)
app.command()(worker)
app.add_typer(alerts_app)
app.add_typer(apps_app)
app.add_typer(database_app)
app.add_typer(exclude_app)
app.add_typer(installations_app)
app.add_typer(objectives_app)
app.add_typer(rejected_app)


@app.callback()
def _commands() -> None:
    """Judge the reliability of marketplace apps from Kafka events."""


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except BrokenPipeError:  # its reader has seen enough: `| head`
        drop_output()
