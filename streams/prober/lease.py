"""How long a member of a consumer group may be sure that its partitions are still its own."""

import math
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer


class Lease:
    """Fresh for a session timeout from when the last answered heartbeat was sent.

    The broker counts from when the heartbeat came, later than that: it gives no partition away before the lease is
    over, however long this process stood still or was cut off.
    """

    def __init__(self, session_timeout_s: float, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._session_timeout_s = session_timeout_s
        self._monotonic_s = monotonic_s
        self._until_s = float("-inf")

    def is_fresh(self) -> bool:
        """Whether the partitions are surely still its own."""
        return self._monotonic_s() < self._until_s

    def age_s(self) -> float | None:
        """Since the last answered heartbeat was sent; None before the first."""
        age_s = self._monotonic_s() - (self._until_s - self._session_timeout_s)
        return age_s if math.isfinite(age_s) else None

    def renew(self, sent_s: float) -> None:
        """The broker has answered what was sent at that time."""
        self._until_s = sent_s + self._session_timeout_s

    def follow(self, consumer: AIOKafkaConsumer) -> None:
        """Be renewed by the heartbeats of a started consumer."""
        # aiokafka tells nobody of its heartbeats; its version is pinned, and a test sees a lease end.
        coordinator = consumer._coordinator
        heartbeat = coordinator._do_heartbeat

        async def noted(*arguments: Any) -> bool:
            sent_s = self._monotonic_s()
            answered: bool = await heartbeat(*arguments)
            if answered:
                self.renew(sent_s)
            return answered

        coordinator._do_heartbeat = noted
