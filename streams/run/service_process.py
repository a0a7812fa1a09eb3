"""A service as a child process: ended with this one, whatever ends it."""

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
async def service_process(name: str, environment: Mapping[str, str], log_path: Path) -> AsyncIterator[Process]:
    """A running `slo-streams NAME` with further `SLO_` variables; its log is appended to a file.

    Leaving the context asks it to stop, which commits its work; one that takes over 12 s is killed. On Linux it also
    ends with the thread that started it, which should be the main thread.
    """
    command = [sys.executable, "-m", "streams.cli", name]
    with log_path.open("ab") as log:
        # A session of its own: Ctrl-C in a terminal reaches this program, which then stops the service in order.
        service = await asyncio.create_subprocess_exec(
            *leashed(command),
            env={**os.environ, **environment},
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield service
    finally:
        await _stop(service)


async def _stop(service: Process) -> None:
    if service.returncode is not None:
        return
    service.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await service.wait()
    except TimeoutError:
        service.kill()
        await service.wait()
