"""`slo-streams worker`: the evaluator."""

import logging
import sys
from typing import Annotated

import typer
from faust.worker import Worker

from streams.cli.failure import fail
from streams.objectives import InvalidObjectivesError, load_objectives
from streams.settings import InvalidSettingsError, load_settings
from streams.worker import EvaluatorApp


def worker(
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Judge events from Kafka and publish breaches and recoveries.

    Reads SLO_BOOTSTRAP_SERVERS (default 127.0.0.1:9092), creates missing topics, and shares the partitions with every
    other worker of the same SLO_APPLICATION_ID. Stop it with Ctrl-C or SIGTERM.

    Example: SLO_BOOTSTRAP_SERVERS=kafka-1:9092,kafka-2:9092 slo-streams worker

    Exit codes: 0 stopped when asked, 2 wrong settings or objectives, 70 broken (restart it), 75 fenced by another
    worker (restart it), 78 refused: topics, rights or stored state need an operator.
    """
    try:
        settings = load_settings()
        objectives = load_objectives(settings.objectives)
    except (InvalidSettingsError, InvalidObjectivesError) as problem:
        fail(str(problem), code=2)
    logging.basicConfig(
        level=log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    app = EvaluatorApp(settings, objectives)
    app.finalize()
    raise typer.Exit(Worker(app, loglevel=log_level, redirect_stdouts=False).execute_from_commandline())
