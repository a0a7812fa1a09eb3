"""What a fault has to play with."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from tests.e2e.flow import Flow
from tests.faults.ground import Ground
from tests.faults.proxy import Proxy
from tests.faults.row import Amounts
from tests.faults.supervisor import Supervisor
from tests.faults.traffic import Traffic

RECOVERY_TIMEOUT_S: Final = 180.0
_POLL_S: Final = 0.25
_ASKING_TIMEOUT_S: Final = 10.0


@dataclass
class Scene:
    """What a fault has to play with; `worker_settings` are for the workers started from then on.

    `figures` are for what it measures.
    """

    flow: Flow
    ground: Ground
    workers: Supervisor
    traffic: Traffic
    rng: random.Random
    amounts: Amounts
    figures: dict[str, float]
    worker_settings: Callable[[], dict[str, str]] = dict
    proxy: Proxy | None = None

    async def until_read(self) -> None:
        """Wait until the workers have committed all that the inputs hold now, patient with brokers that come and go.

        Raises:
            TimeoutError: they have not within three minutes.
        """
        ends: dict[TopicPartition, int] | None = None
        async with asyncio.timeout(RECOVERY_TIMEOUT_S):
            while True:
                with suppress(KafkaError, TimeoutError):
                    async with asyncio.timeout(_ASKING_TIMEOUT_S):
                        ends = ends or await self.flow.end_offsets(self.flow.input_partitions)
                        committed = await self.flow.committed()
                        if all(committed.get(tp, 0) >= end for tp, end in ends.items()):
                            return
                await asyncio.sleep(_POLL_S)
