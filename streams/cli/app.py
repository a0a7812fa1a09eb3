"""The command line assembled: every command, where it lives, and its line in the help."""

from typing import Annotated, Final

import typer

from streams.cli.shared.lazy import Command, LazyCommands

COMMANDS: Final = {
    "alerts": Command("alerts", "alerts_app", "Breaches and recoveries."),
    "apps": Command("apps", "apps_app", "The app catalogue: names, URLs, clients that never count."),
    "broker": Command("broker", "broker", "Run a real Apache Kafka on this machine."),
    "budgets": Command("budgets", "budgets", "Show what is left of an app's error budgets."),
    "counts": Command("counts", "counts", "Show what history has counted, step by step."),
    "dashboard": Command("dashboard", "dashboard_app", "Show it all in a browser, and as JSON."),
    "database": Command("database", "database_app", "The database of the history: start one, migrate any."),
    "deliveries": Command("deliveries", "deliveries_app", "Who was told of what, who not, and why."),
    "doctor": Command("doctor", "doctor", "Check everything a worker needs."),
    "exclude": Command("exclude", "exclude_app", "Times that do not count: planned downtime, faults."),
    "explain": Command("explain", "explain", "Show why an app paged or did not."),
    "export": Command("export", "export_", "Write input records as lines that `replay` reads."),
    "gateway": Command("gateway", "gateway", "Take events over HTTP, and put them onto Kafka."),
    "history": Command("history", "history_app", "Count every event for weeks, in PostgreSQL."),
    "incidents": Command("incidents", "incidents_app", "Incidents: of many breaches, or raised by people."),
    "installations": Command("installations", "installations_app", "Who may publish results through the gateway."),
    "notifier": Command("notifier", "notifier", "Tell partners of breaches and recoveries."),
    "objectives": Command("objectives", "objectives_app", "Objectives files."),
    "prober": Command("prober", "prober", "Check the URLs of the catalogue, and publish the results."),
    "rejected": Command("rejected", "rejected_app", "Records that could not be used."),
    "replay": Command("replay", "replay", "Judge events of files, without a broker."),
    "reports": Command("reports", "reports", "Show a month of a partner."),
    "run": Command("run", "run", "Run everything on this machine, with a sample load."),
    "silence": Command("silence", "silence_app", "Alerts that nobody is told of for a while."),
    "standing": Command("standing", "standing_app", "Where apps stand: notified, in remediation, demoted."),
    "status": Command("status", "status", "Show how far the evaluator is, and what is breached."),
    "supervise": Command("supervise", "supervise", "Keep a command running: in containers."),
    "targets": Command("targets", "targets_app", "Who the notifier tells: check the file, try a target out."),
    "topics": Command("topics", "topics", "Show every topic, and what is wrong with it."),
    "watch": Command("watch", "watch", "Tell whether somebody judges every partition."),
    "windows": Command("windows", "windows", "Show what every objective of an app stands at."),
    "worker": Command("worker", "worker", "Run the evaluator."),
}


class _Commands(LazyCommands):
    lazy = COMMANDS


app = typer.Typer(
    name="slo-streams",
    cls=_Commands,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: quick, of the terminal's width, and no text in it is ever markup
)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"slo-streams {version('slo-streams')}")
        raise typer.Exit


@app.callback()
def _commands(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Judge the reliability of marketplace apps from Kafka events.

    `slo-streams COMMAND -h` says what a command does, with examples. Where Kafka is, and all else, is told by
    environment variables: SLO_BOOTSTRAP_SERVERS=kafka-1:9092 slo-streams status
    """
