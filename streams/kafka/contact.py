"""What a worker hears from Kafka as a member of its group. Noted in the thread of its consumer, read in others.

A member that waits for an answer that never comes is out of the group without an error: nothing but its age tells.
Moments are of the monotonic clock.
"""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from aiokafka import TopicPartition

_LOOK_S: Final = 0.05


class Contact:
    """`heard_s`: when the group last took this member's heartbeat or join; None before it asked to join."""

    def __init__(self) -> None:
        self.heard_s: float | None = None
        self._asked_s: dict[TopicPartition, float] = {}

    def heard(self) -> None:
        """The group has answered, or is about to be asked for the first time."""
        self.heard_s = time.monotonic()

    async def heard_within(self, limit_s: float) -> None:
        """Return once the group has answered within a time; one that was silent for longer may have lost its place."""
        while True:
            if self.heard_s is None or time.monotonic() < self.heard_s + limit_s:
                return
            await asyncio.sleep(_LOOK_S)

    def asks(self, tps: Iterable[TopicPartition]) -> None:
        """Records of these partitions are asked for, or still are after an answer that was none."""
        now_s = time.monotonic()
        for tp in tps:
            self._asked_s.setdefault(tp, now_s)

    def is_answered(self, tps: Iterable[TopicPartition]) -> None:
        """Note that a broker has answered a fetch of these partitions, even with nothing."""
        for tp in tps:
            self._asked_s.pop(tp, None)

    @property
    def asked_s(self) -> float | None:
        """Since when a fetch has waited for its answer, of several the one that waits longest; None: none waits."""
        return min(list(self._asked_s.values()), default=None)
