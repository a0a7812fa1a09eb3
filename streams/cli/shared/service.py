"""How a command runs a service until it is asked to stop."""

import logging
from enum import StrEnum

from faust.worker import Worker

from streams.service import PartitionService

log = logging.getLogger(__name__)


class LogLevel(StrEnum):
    """How much a service says."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def run_service(app: PartitionService, log_level: LogLevel) -> None:
    """Run it in the foreground; whatever else ends it ends the process."""
    app.finalize()
    process = Worker(app, loglevel=log_level, override_logging=False, quiet=True, redirect_stdouts=False)
    process.spinner = None  # it writes to the terminal between our lines
    try:
        process.execute_from_commandline()
    finally:
        log.info("stopped")
