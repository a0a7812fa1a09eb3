"""Services of one version of the product, and the database they share."""

import os
import subprocess
import sys
from pathlib import Path

import orjson

from tests.e2e.flow import Flow, WorkerProcess
from tests.notifier.channels.receivers import SECRET


class Installation:
    """Processes of one version; `path` is where an older one's packages lie."""

    def __init__(self, flow: Flow, database: str, receiver_url: str, path: Path | None = None) -> None:
        targets = flow.folder / "targets.yaml"
        entry = {"id": "all", "all": True, "channel": "webhook", "address": f"{receiver_url}/", "secret": SECRET}
        targets.write_bytes(orjson.dumps({"targets": [entry | {"events": ["BREACH", "RECOVERY"]}]}))
        self._flow = flow
        self._settings = {
            "SLO_DATABASE_URL": database,
            "SLO_HISTORY_PORT": "0",
            "SLO_HISTORY_FLUSH": "200ms",
            "SLO_NOTIFIER_PORT": "0",
            "SLO_TARGETS": str(targets),
            "SLO_NOTIFY_MAX_AGE": "3650d",  # the events of a generated log happened months ago
            "SLO_NOTIFY_ALLOW_PRIVATE": "true",
            **({} if path is None else {"PYTHONPATH": str(path), "PYTHONSAFEPATH": "1"}),
        }

    def start(self, command: str) -> WorkerProcess:
        """A process of a service."""
        return self._flow.start_worker(command=command, **self._settings)

    def run(self, *command: str) -> None:
        """A command of this version.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        subprocess.run(
            [sys.executable, "-m", "streams.cli", *command],
            env={**os.environ, **self._flow.environment, **self._settings},
            check=True,
            capture_output=True,
            timeout=120,
        )
