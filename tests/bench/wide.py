"""Case: eight workers share 64 partitions of each of the four topics, all idle: what that takes.

How soon all are taken over, how many sockets a worker has, what it costs to do nothing, and for how long partitions
are in nobody's hands when one of the eight is stopped.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import mean
from typing import Final

from streams.kafka.topic_setup import prepare_topics
from streams.settings import Clock
from tests.bench.case import Reading, Stage
from tests.bench.group import Group, since
from tests.bench.usage import tree_usage

PART: Final = "8 workers, 64 partitions of each topic"
WORKERS: Final = 8
PARTITIONS: Final = 64
_IDLE_S: Final = 20.0


class Wide:
    """A new group in every round."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing is needed before."""

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """Assignment, idling, and a worker that is stopped."""
        settings = stage.settings(f"wide-{round_number}").model_copy(
            update={"clock": Clock.LIVE, "partitions": PARTITIONS}
        )
        await prepare_topics(settings)
        began_s = time.monotonic()
        async with Group(stage, settings) as group:
            workers = [await group.start(str(number)) for number in range(WORKERS)]
            await group.in_hands(workers)
            yield {(PART, "all taken over after their start, s"): since(began_s)}
            before = [tree_usage(worker.process.pid) for worker in workers]
            await asyncio.sleep(_IDLE_S)
            after = [tree_usage(worker.process.pid) for worker in workers]
            used_s = mean(late.cpu_s - early.cpu_s for early, late in zip(before, after, strict=True))
            yield {
                (PART, "CPU of an idle worker, share of a core"): used_s / _IDLE_S,
                (PART, "sockets of a worker"): mean(_sockets(worker.process.pid) for worker in workers),
                (PART, "peak memory of a worker, MB"): mean(one.peak_mb for one in after),
            }
            *staying, leaving = workers
            began_s = time.monotonic()
            leaving.process.terminate()
            await group.in_hands(staying)
            yield {(PART, "all in other hands after a SIGTERM, s"): since(began_s)}


def _sockets(pid: int) -> int:
    return sum(str(path.readlink()).startswith("socket:") for path in Path(f"/proc/{pid}/fd").iterdir())
