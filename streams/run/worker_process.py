"""The evaluator as a child process: ended with this one, whatever ends it."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from streams.child.leash import leashed

STOP_TIMEOUT_S: Final = 12.0  # a commit under way may take the session timeout, 10 s


@asynccontextmanager
async def worker_process(environment: Mapping[str, str], log_path: Path) -> AsyncIterator[Process]:
    """A running `slo-streams worker` with further `SLO_` variables; its log is appended to a file.

    Leaving the context asks it to stop, which commits its work; one that takes over 12 s is killed. On Linux it also
    ends with the thread that started it, which should be the main thread.
    """
    command = [sys.executable, "-m", "streams.cli", "worker"]
    with log_path.open("ab") as log:
        # A session of its own: Ctrl-C in a terminal reaches this program, which then stops the worker in order.
        worker = await asyncio.create_subprocess_exec(
            *leashed(command),
            env={**os.environ, **environment},
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield worker
    finally:
        await _stop(worker)


async def _stop(worker: Process) -> None:
    if worker.returncode is not None:
        return
    worker.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await worker.wait()
    except TimeoutError:
        worker.kill()
        await worker.wait()
