"""Workers of one application, each started on its own, and how far they are."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from streams.settings import Settings
from tests.bench.case import Stage
from tests.bench.topics import ends
from tests.bench.worker_run import ENVIRONMENT, RunningWorker, committed_of, metrics_of, started

_POLL_S: Final = 0.05  # each question costs a worker some milliseconds, while it takes over
_TIMEOUT_S: Final = 300.0


class Group:
    """To be entered; its workers end when it is left. `overrides` are further `SLO_` variables of all of them."""

    def __init__(self, stage: Stage, settings: Settings, **overrides: str) -> None:
        self._stage = stage
        self._settings = settings
        self._overrides = overrides
        self._admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Group":
        await self._admin.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()
        await self._admin.close()

    async def start(self, name: str, **overrides: str) -> RunningWorker:
        """One more worker."""
        settings = self._settings
        environment = {f"SLO_{field.upper()}": str(getattr(settings, field)) for field in ENVIRONMENT}
        [worker] = await self._stack.enter_async_context(
            started(self._stage, f"{settings.application_id}-{name}", environment | self._overrides | overrides, 1)
        )
        return worker

    async def in_hands(self, workers: Sequence[RunningWorker]) -> None:
        """Wait until these have taken over every partition of every input."""
        async with asyncio.timeout(_TIMEOUT_S):
            for topic in self._settings.topics.inputs:
                while True:
                    found = await metrics_of(workers, topic)
                    if found.get("slo_streams_partitions") == self._settings.partitions:
                        break
                    await asyncio.sleep(_POLL_S)

    async def up_to_now(self, workers: Sequence[RunningWorker], topic: str) -> None:
        """Wait until these have judged every partition of a topic up to the moment of the call."""
        now_s = time.time()
        async with asyncio.timeout(_TIMEOUT_S):
            for worker in workers:
                while True:
                    found = await metrics_of([worker], topic)
                    if found.get("slo_streams_watermark_seconds", 0.0) >= now_s:
                        break
                    await asyncio.sleep(_POLL_S)

    async def committed(self, topic: str) -> None:
        """Wait until all that is in a topic now is committed."""
        settings = self._settings
        wanted = await ends(settings.bootstrap_servers, topic, settings.partitions)
        async with asyncio.timeout(_TIMEOUT_S):
            while True:
                committed = await committed_of(self._admin, settings.application_id, topic)
                if all(committed.get(tp, 0) >= offset for tp, offset in wanted.items()):
                    return
                await asyncio.sleep(_POLL_S)


def since(began_s: float) -> float:
    """Seconds since a moment of the monotonic clock."""
    return time.monotonic() - began_s
