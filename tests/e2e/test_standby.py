"""Workers that stand by for each other are killed: what they go on with is what was stored."""

import asyncio
import re

import pytest

from tests.e2e.flow import SHORT_SESSION_S, Flow, WorkerProcess
from tests.e2e.traffic import traffic
from tests.waiting import wait_for

_STOOD_BY = re.compile(r"\]: [\d,]+ rows stood by, and [\d,]+ records came since")
_KILLS = 3
_HALF = 8  # of four partitions of four topics


async def stood_by(worker: WorkerProcess, partitions: int) -> None:
    """Wait until a worker has gone on with what it had read ahead of so many."""

    async def is_so() -> bool:
        return len(_STOOD_BY.findall(worker.log)) >= partitions

    await wait_for(is_so, 90, f"what stood by to be used for {partitions} partitions", [worker])


async def stands_by(worker: WorkerProcess, times: int) -> None:
    """Wait until a worker has begun so often to read along what another has."""

    async def is_so() -> bool:
        return worker.log.count(f"reading along {_HALF} partitions") >= times

    await wait_for(is_so, 90, f"the worker to stand by {times} times", [worker])


@pytest.mark.timeout(400)
def test_a_worker_that_is_killed_is_replaced_by_whoever_stood_by(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        stays = flow.start_worker(SLO_STANDBY="100000")
        await stays.says("going on at")
        async with traffic(flow):
            for kill in range(1, _KILLS + 1):
                other = flow.start_worker(SLO_STANDBY="100000")
                await other.says("going on at")
                await stands_by(stays, kill)
                await flow.wait_for_commits()
                other.kill()
                await stood_by(stays, kill * _HALF)
        await flow.wait_until_read()
        assert "is read as a whole" not in stays.log
        assert await stays.stop() == 0
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())


@pytest.mark.timeout(300)
def test_a_worker_that_is_stopped_leaves_at_once_what_another_stands_by_for(flow: Flow) -> None:
    """Long before the session timeout."""

    async def scenario() -> None:
        flow.session_s = 60
        await flow.create_topics()
        stays = flow.start_worker(SLO_STANDBY="100000")
        await stays.says("going on at")
        async with traffic(flow):
            goes = flow.start_worker(SLO_STANDBY="100000")
            await goes.says("going on at")
            await stands_by(stays, 1)
            await flow.wait_for_commits()
            assert await goes.stop() == 0
            async with asyncio.timeout(flow.session_s / 2):
                await stood_by(stays, _HALF)
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())
