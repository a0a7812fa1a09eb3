"""Case: CPU time until a person has an answer of the command line, each time in a fresh process."""

import asyncio
import os
import resource
import sys
from collections.abc import AsyncIterator
from typing import Final

from tests.bench.case import BrokenError, Reading, Stage

_TIMES: Final = 5
_PART: Final = "start"
_TIMEOUT_S: Final = 60


class Start:
    """The best of some times, as others that use the machine can only add to it."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing."""

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """The help, and the state of a broker that has no topics yet."""
        environment = {**os.environ, "SLO_BOOTSTRAP_SERVERS": stage.kafka.bootstrap_servers}
        for argument in ("--help", "status"):
            took_s = [await _cpu_s(argument, environment) for _ in range(_TIMES)]
            yield {(_PART, f"slo-streams {argument}, CPU s"): min(took_s)}


async def _cpu_s(argument: str, environment: dict[str, str]) -> float:
    """User and system time of one call."""
    before_s = _of_children_s()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams.cli", argument, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    async with asyncio.timeout(_TIMEOUT_S):
        code = await child.wait()
    if code:
        raise BrokenError(f"slo-streams {argument} ended with status {code}")
    return _of_children_s() - before_s


def _of_children_s() -> float:
    """CPU time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
