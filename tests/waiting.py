"""Waiting for what others bring about."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol


class Worker(Protocol):
    """A process that may bring it about, and what it logged."""

    log_file: Path

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""

    @property
    def log(self) -> str:
        """What it has logged so far."""


async def wait_for(
    condition: Callable[[], Awaitable[bool]], timeout_s: float, what: str, workers: Sequence[Worker] = ()
) -> None:
    """Wait for a condition to come true.

    Raises:
        TimeoutError: it did not, or no worker is left to bring it about; with the end of the workers' logs.
    """
    deadline = time.monotonic() + timeout_s
    while not await condition():
        if time.monotonic() > deadline or (workers and all(worker.exit_code is not None for worker in workers)):
            logs = "\n".join(f"--- {worker.log_file.name}\n{worker.log[-3000:]}" for worker in workers)
            raise TimeoutError(f"waited {timeout_s} s for {what}\n{logs}")
        await asyncio.sleep(0.1)
