"""Events that keep coming while workers come and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from tests.e2e.flow import Flow
from tests.model.generate import START_MS, random_log

_RECORDS_AT_A_TIME = 20
_PAUSE_S = 0.1


@asynccontextmanager
async def traffic(flow: Flow) -> AsyncIterator[None]:
    """A random log with everything that goes wrong, produced little by little for as long as the block runs."""
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_produce(flow, enough))
        try:
            yield
        finally:
            enough.set()


async def _produce(flow: Flow, enough: asyncio.Event) -> None:
    now_ms = START_MS
    for seed in count(1):
        log = flow.place(random_log(seed, 500, partitions=flow.partitions, start_ms=now_ms))
        now_ms = max(record.timestamp_ms or 0 for record in log)
        for start in range(0, len(log), _RECORDS_AT_A_TIME):
            await flow.produce(log[start : start + _RECORDS_AT_A_TIME])
            with suppress(TimeoutError):
                await asyncio.wait_for(enough.wait(), _PAUSE_S)
            if enough.is_set():
                return
