"""Work in turns: whoever has much to do gives way now and then, so that health checks, heartbeats and commits go on."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from typing import Final

TURN_S: Final = 0.05
"""A twentieth of the time that others may be kept waiting: several may be at it at once."""


class Turn:
    """How long a task has had the event loop for itself."""

    def __init__(self) -> None:
        self._until_s = time.monotonic() + TURN_S
        self._earlier_s = 0.0

    @property
    def worked_s(self) -> float:
        """How long it has been at work, in this turn and those before."""
        return self._earlier_s + time.monotonic() - self._until_s + TURN_S

    @property
    def is_over(self) -> bool:
        """Whether it is time to give way."""
        return time.monotonic() >= self._until_s

    async def give_way(self) -> None:
        """Let all others have their turn if this one is over."""
        if self.is_over:
            self._earlier_s = self.worked_s
            await asyncio.sleep(0)
            self._until_s = time.monotonic() + TURN_S


def finish(steps: Iterable[object]) -> None:
    """Take all steps in one go."""
    deque(steps, maxlen=0)
