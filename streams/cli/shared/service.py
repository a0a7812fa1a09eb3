"""How a command runs a service until it is asked to stop."""

import logging
from enum import StrEnum
from typing import NoReturn

from faust.worker import Worker

from streams.service import PartitionService

log = logging.getLogger(__name__)


class LogLevel(StrEnum):
    """How much a service says."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def run_service(app: PartitionService, log_level: LogLevel) -> NoReturn:
    """Run it in the foreground, and end the process: whatever ends it."""
    app.finalize()
    process = Worker(app, loglevel=log_level, override_logging=False, quiet=True, redirect_stdouts=False)
    process.spinner = None  # it writes to the terminal between our lines
    try:
        process.execute_from_commandline()
    except SystemExit as end:
        log.info("stopped")
        app.endings.stopped(end.code)
