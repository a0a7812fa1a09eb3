"""`slo-streams worker`: the evaluator."""

import logging
import os
from typing import Annotated

import typer

from streams import logs
from streams.cli.shared.failure import fail
from streams.cli.shared.service import LogLevel, run_service
from streams.objectives import InvalidObjectivesError, read_objectives
from streams.settings import InvalidSettingsError, load_settings
from streams.version import own_version
from streams.worker import EvaluatorApp

log = logging.getLogger(__name__)


def worker(
    log_level: Annotated[LogLevel, typer.Option(help="How much to say on standard error.")] = LogLevel.INFO,
) -> None:
    """Judge events from Kafka and publish breaches and recoveries.

    Reads SLO_BOOTSTRAP_SERVERS (default 127.0.0.1:9092), creates missing topics, and shares the partitions with every
    other worker of the same SLO_APPLICATION_ID. Stop it with Ctrl-C or SIGTERM.

    \b
    Example:
      SLO_BOOTSTRAP_SERVERS=kafka-1:9092,kafka-2:9092 slo-streams worker

    \b
    Exit codes:
      0    stopped when asked
      2    wrong settings or objectives
      65   nearly everything of a partition is rejected: an operator has to look
      69   no broker answered for SLO_BROKER_PATIENCE: restart it
      70   broken: restart it
      75   fenced by another worker: restart it
      78   refused: topics, rights or stored state need an operator
    """
    try:
        settings = load_settings()
        objectives = read_objectives(settings.objectives).judged
    except InvalidSettingsError as problem:
        fail("\n".join([str(problem), *_faulty_objectives()]), code=2)
    except InvalidObjectivesError as problem:
        fail(str(problem), code=2)
    logs.configure(log_level, settings.log_format)
    said = "worker %s of group %s at %s, SLO_CLOCK=%s; objectives of %s: %s"
    names = ", ".join(objective.name for objective in objectives)
    source = settings.objectives or "the shipped file"
    log.info(said, own_version(), settings.application_id, settings.bootstrap_servers, settings.clock, source, names)
    run_service(EvaluatorApp(settings, objectives), log_level)


def _faulty_objectives() -> list[str]:
    """What is wrong with the objectives, told beside wrong settings, so that one try shows all faults."""
    try:
        read_objectives(os.environ.get("SLO_OBJECTIVES"))
    except InvalidObjectivesError as problem:
        return [str(problem)]
    return []
