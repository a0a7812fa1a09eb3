"""Workers that come and go: only what moves is restored, and state that is out of date never counts."""

import asyncio
import re
from collections import Counter

import pytest
from faust.types import TP

from streams.exits import ExitCode
from streams.names import WEBHOOK
from streams.ownership.endings import Endings
from streams.ownership.partitions import Partitions
from streams.settings import Clock, Settings
from streams.unit.assembly import evaluator_partitions
from streams.unit.unit import Unit
from tests.build import chunk
from tests.e2e.flow import SHORT_SESSION_S, Flow, WorkerProcess
from tests.e2e.test_placement import delivery
from tests.model.generate import HOUR_MS, START_MS, random_log
from tests.waiting import wait_for

_TAKEN_OVER = re.compile(r"\]: (kept|restored) [\d,]+ series in")
_RESTORED_OF = re.compile(r"(\S+)\[\d+\]: restored")


def taken_over(worker: WorkerProcess) -> Counter[str]:
    """How often this worker has restored and kept a partition."""
    return Counter(_TAKEN_OVER.findall(worker.log))


async def has(worker: WorkerProcess, **wanted: int) -> None:
    """Wait until a worker has taken over so many partitions, each by kept and restored."""

    async def is_so() -> bool:
        return taken_over(worker) >= Counter(wanted)

    await wait_for(is_so, 90, f"the worker to have {wanted}", [worker])
    assert taken_over(worker) == Counter(wanted), worker.log


@pytest.mark.timeout(300)
def test_a_worker_that_joins_or_leaves_moves_only_its_share(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        log = random_log(7, 1_500, partitions=flow.partitions)
        third = len(log) // 3
        await flow.produce(flow.place(log[:third]))
        first = flow.start_worker()
        await has(first, restored=16)
        await flow.wait_until_read()
        second = flow.start_worker()
        await has(second, restored=8)
        assert Counter(_RESTORED_OF.findall(second.log)) == dict.fromkeys(flow.topics.inputs, 2)
        await has(first, restored=16, kept=8)
        await flow.produce(flow.place(log[third : 2 * third]))
        await flow.wait_until_read()
        assert await second.stop() == 0
        await has(first, restored=16 + 8, kept=8 + 8)
        await flow.produce(flow.place(log[2 * third :]))
        await flow.produce(flow.closing_records(START_MS + 60 * HOUR_MS))
        await flow.wait_until_read()
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())


@pytest.mark.long
@pytest.mark.timeout(300)
def test_a_worker_with_a_name_of_its_own_is_restarted_without_a_rebalance(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = 60
        await flow.create_topics()
        stays = flow.start_worker(SLO_INSTANCE_ID="a")
        await has(stays, restored=16)
        restarted = flow.start_worker(SLO_INSTANCE_ID="b")
        await has(restarted, restored=8)
        await has(stays, restored=16, kept=8)
        assert await restarted.stop() == 0
        restarted = flow.start_worker(SLO_INSTANCE_ID="b")
        await has(restarted, restored=8)
        await flow.produce(flow.place([delivery("com.example.chart", 0)]))
        await flow.wait_until_read()
        assert taken_over(stays) == Counter(restored=16, kept=8)

    asyncio.run(scenario())


@pytest.mark.long
@pytest.mark.timeout(300)
def test_of_two_workers_under_one_name_the_later_goes_on(flow: Flow) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        earlier = flow.start_worker(SLO_INSTANCE_ID="a")
        await has(earlier, restored=16)
        later = flow.start_worker(SLO_INSTANCE_ID="a")
        assert await earlier.end() == ExitCode.FENCED, earlier.log
        assert "another worker has joined the group as a" in earlier.log
        assert "SLO_INSTANCE_ID" in earlier.log
        assert "Traceback" not in earlier.log
        await flow.produce(flow.place([delivery("com.example.chart", 0)]))
        await flow.wait_until_read()
        assert await later.stop() == 0

    asyncio.run(scenario())


async def ready(partitions: Partitions[Unit], tp: TP) -> None:
    async def is_ready() -> bool:
        return partitions.is_ready(tp)

    await wait_for(is_ready, 60, "a partition to be taken over")


def test_kept_state_is_used_unless_another_worker_has_committed(flow: Flow, caplog: pytest.LogCaptureFixture) -> None:
    """Two workers without their consumers, so that it is certain who has the partition when."""

    async def scenario() -> None:
        await flow.create_topics()
        app = "com.example.chart"
        records = flow.place([delivery(app, number) for number in range(3)])
        await flow.produce(records)
        tp = TP(records[0].topic, records[0].partition)
        settings = Settings(
            bootstrap_servers=flow.bootstrap_servers,
            application_id=flow.application_id,
            topic_prefix=flow.prefix,
            clock=Clock.EVENT,
        )
        one, other = (evaluator_partitions(settings, flow.objectives, Endings()) for _ in range(2))

        async def turn(of: Partitions[Unit], offset: int) -> str:
            """Have a partition, judge one record, and let go again; how its state was come by."""
            caplog.clear()
            of.take([tp])
            await ready(of, tp)
            await of.apply(tp, chunk(records[offset], start=offset))
            await of.release([tp])
            [how] = _TAKEN_OVER.findall(caplog.text)
            return str(how)

        following = [asyncio.create_task(worker.reference.run()) for worker in (one, other)]
        with caplog.at_level("INFO"):
            assert await turn(one, 0) == "restored"
            assert await turn(one, 1) == "kept"
            assert await turn(other, 2) == "restored"
            assert await turn(one, 2) == "restored"
            assert await turn(one, 2) == "kept"
        for task in following:
            task.cancel()
        await asyncio.wait(following)
        assert (await flow.committed())[tp] == 3
        assert flow.topics.input(WEBHOOK) == tp.topic

    asyncio.run(scenario())
