"""Notices when Kafka or a service ends by itself, and tells at once: what still hangs on it may take long to stop."""

import asyncio
from asyncio.subprocess import Process
from pathlib import Path
from typing import Final, NoReturn

from streams.broker import EmbeddedKafka
from streams.run.errors import JobFailedError
from streams.run.view import View

_LAST_LINES: Final = 10


async def watch_kafka(kafka: EmbeddedKafka, view: View) -> NoReturn:
    """Wait until the broker ends.

    Raises:
        JobFailedError: it did.
    """
    status = await asyncio.to_thread(kafka.wait)
    _fail(view, "Kafka", status, kafka.log_path, kafka.failure())


async def watch_service(name: str, service: Process, log_path: Path, view: View) -> NoReturn:
    """Wait until a service ends, called by a name: 'The worker'.

    Raises:
        JobFailedError: it did.
    """
    status = await service.wait()
    _fail(view, name, status, log_path, last_lines(log_path))


def last_lines(log_path: Path) -> str:
    """The end of a service's log, without what it did as planned: for a message."""
    lines = log_path.read_text(encoding="utf-8", errors="replace").splitlines()
    told = [line for line in lines if "[INFO]" not in line]
    return "\n".join(told[-_LAST_LINES:]) or "(it logged nothing)"


def _fail(view: View, what: str, status: int, log_path: Path, last_words: str) -> NoReturn:
    view.complain(f"{what} ended by itself (exit status {status}). Its last words, from {log_path}:\n{last_words}")
    raise JobFailedError(what)
