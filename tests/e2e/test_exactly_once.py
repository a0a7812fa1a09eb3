"""Whatever happens to the workers, the published alerts are those of the log, each once."""

import asyncio
import signal

import pytest

from streams.unit.exits import ExitCode
from tests.e2e.flow import Flow
from tests.e2e.traffic import traffic

CRASHES = (
    ("after_rows", "after_alerts:3"),
    ("after_offsets", "after_commit:3"),
    ("after_rows:3", "after_alerts"),
    ("after_offsets:3", "after_commit"),
)


@pytest.mark.timeout(240)
def test_a_crash_at_any_step_of_a_commit_costs_nothing(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        survivor = flow.start_worker()
        async with traffic(flow):
            for failpoints in CRASHES:
                crashing = [flow.start_worker(SLO_FAIL=failpoint) for failpoint in failpoints]
                for worker in crashing:
                    assert await worker.end() == -signal.SIGKILL
        await flow.wait_until_read()
        assert survivor.exit_code is None
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())


@pytest.mark.timeout(180)
def test_a_worker_that_was_thought_dead_can_add_nothing(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        async with traffic(flow):
            zombie = flow.start_worker(SLO_COMMIT_INTERVAL="5s")
            await zombie.says("going on at")
            heir = flow.start_worker()
            await heir.says("going on at")
            await flow.wait_for_commits()  # by the heir; what the zombie has read by then it will commit in seconds
            zombie.signal(signal.SIGSTOP)
        await flow.wait_until_read()  # the heir has all partitions now
        zombie.signal(signal.SIGCONT)
        async with traffic(flow):
            assert await zombie.end() in (ExitCode.FENCED, ExitCode.BROKEN)  # broken: stopped amid a commit
        await flow.wait_until_read()
        assert heir.exit_code is None
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())


@pytest.mark.timeout(180)
def test_workers_join_and_leave_under_traffic(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        async with traffic(flow):
            first = flow.start_worker()
            await first.says("going on at")
            second = flow.start_worker()
            await second.says("going on at")
            third = flow.start_worker()
            await third.says("going on at")
            assert await first.stop() == 0
            assert await second.stop() == 0
        await flow.wait_until_read()
        assert await third.stop() == 0
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())
