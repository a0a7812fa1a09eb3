"""Workers, or those of another service, as a supervisor keeps them: one that ends is started again."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, NoReturn

from streams.exits import ExitCode
from tests.e2e.flow import Flow, WorkerProcess
from tests.waiting import wait_for

_POLL_S: Final = 0.1
_PAUSE_S: Final = 1.0
_START_TIMEOUT_S: Final = 120
_STOP_TIMEOUT_S: Final = 60
# How a worker may end when something around it fails, or when it is asked to stop before it listens to that. Anything
# else needs a look, whatever the alerts say.
EXPECTED_EXITS: Final = frozenset({ExitCode.BROKEN, ExitCode.FENCED, -signal.SIGKILL, -signal.SIGTERM})


class UnexpectedExitError(Exception):
    """A worker ended in a way that no fault explains."""


class Supervisor:
    """Keeps `size` workers running; `settings` gives the SLO_ variables of each one when it starts.

    `command` is that of another service; `exits` are the ends that faults explain.
    """

    def __init__(
        self,
        flow: Flow,
        size: int,
        settings: Callable[[], dict[str, str]],
        *,
        command: str = "worker",
        exits: frozenset[int] = EXPECTED_EXITS,
    ) -> None:
        self.running: list[WorkerProcess] = []
        self.exits: Counter[int] = Counter()
        self.ended_s: list[float] = []
        """When an end that was none in order was seen, by the monotonic clock."""
        self._flow = flow
        self.size = size
        self._settings = settings
        self._command = command
        self._expected = exits

    async def keep(self) -> NoReturn:
        """Start what is missing, again and again, until cancelled.

        Raises:
            UnexpectedExitError: with the end of the log of the worker.
        """
        while True:
            ended = [worker for worker in self.running if worker.exit_code is not None]
            for worker in ended:
                self.running.remove(worker)
                self._note(worker)
            if ended:
                await asyncio.sleep(_PAUSE_S)
            while len(self.running) < self.size:
                self.running.append(self._flow.start_worker(command=self._command, **self._settings()))
            await asyncio.sleep(_POLL_S)

    async def all_at_work(self) -> None:
        """Wait until every one of them has taken over partitions."""

        async def at_work() -> bool:
            return len(self.running) == self.size and all("going on at" in worker.log for worker in self.running)

        await wait_for(at_work, _START_TIMEOUT_S, "all workers to have partitions", self.running)

    async def resize(self, size: int, rng: random.Random) -> None:
        """Have more workers, or ask some to stop and wait until they have."""
        self.size = size
        leaving = rng.sample(self.running, max(0, len(self.running) - size))
        for worker in leaving:
            self.running.remove(worker)
            worker.signal(signal.SIGTERM)
        for worker in leaving:
            await worker.end(_STOP_TIMEOUT_S)
            if worker.exit_code:
                self._note(worker)

    async def stop(self) -> None:
        """Ask all of them to stop, and wait until they have: what they hold is stored then."""
        await self.resize(0, random.Random())

    def _note(self, worker: WorkerProcess) -> None:
        assert worker.exit_code is not None
        self.exits[worker.exit_code] += 1
        self.ended_s.append(time.monotonic())
        if worker.exit_code not in self._expected:
            raise UnexpectedExitError(
                f"{worker.log_file.name} ended with exit code {worker.exit_code}:\n{worker.log[-3_000:]}"
            )
