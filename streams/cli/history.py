"""`slo-streams history`: the service that counts."""

from typing import Annotated

import typer

from streams import logs
from streams.cli.history_check import check
from streams.cli.shared.ask import settings_of_or_fail
from streams.cli.shared.database import url_or_fail
from streams.cli.shared.objectives import objectives_or_fail
from streams.cli.shared.service import LogLevel, run_service
from streams.history.service import HistoryService
from streams.history.settings import HistorySettings

history_app = typer.Typer(name="history")
history_app.command("check")(check)


@history_app.callback(invoke_without_command=True)
def history(
    context: typer.Context,
    log_level: Annotated[LogLevel, typer.Option(help="How much to say on standard error.")] = LogLevel.INFO,
) -> None:
    """Count every event by the minute in PostgreSQL, for weeks, and judge what takes days: error budgets, burn rates.

    Reads the same events as the worker, and shares their partitions with every other history service of the same
    SLO_APPLICATION_ID; the worker does without it. SLO_DATABASE_URL names the database, whose schema
    `slo-streams database migrate` makes. Stop it with Ctrl-C or SIGTERM.

    \b
    Example:
      SLO_DATABASE_URL=postgresql://history@db-1/slo slo-streams history

    \b
    Exit codes:
      0   stopped when asked
      2   wrong settings or objectives
      65  nearly everything of a partition is rejected: an operator has to look
      69  Kafka or the database was away for too long (SLO_BROKER_PATIENCE)
      70  broken: start it again
      75  another history service has taken its place: start it again
      78  refused: topics, rights or the schema need an operator
    """
    if context.invoked_subcommand is not None:
        return
    settings = settings_of_or_fail(HistorySettings)
    url = url_or_fail(settings)
    objectives = objectives_or_fail(settings)
    logs.configure(log_level, settings.log_format)
    run_service(HistoryService(settings, url, objectives), log_level)
