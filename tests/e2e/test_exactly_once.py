"""Whatever happens to the workers, the published alerts are those of the log, each once."""

import asyncio
import signal

import pytest
from aiokafka.errors import ProducerFenced

from streams.exits import ExitCode
from streams.names import WEBHOOK, changelog
from streams.unit.failpoints import Failpoint
from streams.unit.store import KafkaStore
from streams.unit.work import Work
from tests.e2e.flow import SHORT_SESSION_S, Flow
from tests.e2e.traffic import traffic
from tests.waiting import wait_for

NEVER = Failpoint(None)
CRASHES = (
    ("after_rows", "after_alerts:3", "after_offsets", "after_commit:3"),
    ("after_rows:3", "after_alerts", "after_offsets:3", "after_commit"),
)


@pytest.mark.timeout(400)
def test_a_crash_at_any_step_of_a_commit_costs_nothing(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
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


@pytest.mark.timeout(400)
def test_a_worker_that_was_thought_dead_amid_a_commit_can_add_nothing(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        async with traffic(flow):
            zombie = flow.start_worker(SLO_FAIL="after_offsets:3:stop")  # all is written; one word is missing
            await zombie.stands_still()
            heir = flow.start_worker()
            await heir.says("going on at")
        await flow.wait_until_read()  # the heir has all partitions now
        async with traffic(flow):
            zombie.signal(signal.SIGCONT)
            # Its transaction is over by now, and so is the time for a commit: whichever it notices first.
            assert await zombie.end() in (ExitCode.FENCED, ExitCode.BROKEN)
        await flow.wait_until_read()
        assert heir.exit_code is None
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())


def test_whoever_takes_a_partition_over_fences_its_former_owner(flow: Flow) -> None:
    """The same without a time limit: the former owner was never stopped, and begins a commit of its own."""

    async def scenario() -> None:
        await flow.create_topics()
        settings = flow.settings
        former, heir = (
            KafkaStore(settings, settings.topics.input(WEBHOOK), 0, changelog(settings.application_id, WEBHOOK), NEVER)
            for _ in range(2)
        )
        await former.open()
        await former.write(work(b"by the owner", next_offset=1))
        await heir.open()
        with pytest.raises(ProducerFenced):
            await former.write(work(b"by the former owner", next_offset=9))
        await heir.write(work(b"by the heir", next_offset=2))
        await former.close()
        await heir.close()
        rows = await flow.read(changelog(settings.application_id, WEBHOOK))
        assert [row.value for row in rows] == [b"by the owner", b"by the heir"]

        async def is_committed() -> bool:  # a moment after the answer
            return [*(await flow.committed()).values()] == [2]

        await wait_for(is_committed, 60, "the offset of the heir")

    asyncio.run(scenario())


def work(value: bytes, *, next_offset: int) -> Work:
    return Work({b"row": value}, next_offset, None)


@pytest.mark.timeout(400)
def test_workers_join_and_leave_under_traffic(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
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
