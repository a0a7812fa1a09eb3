"""Partitions that are slow, short or silent: what the others and the operator notice of it."""

import asyncio
import os
import subprocess
import sys

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streams.exits import ExitCode
from tests.e2e.flow import Flow, WorkerProcess
from tests.e2e.test_placement import delivery
from tests.kafka_fixture import Kafka
from tests.model.generate import HOUR_MS, START_MS
from tests.waiting import wait_for

TAKES_FOR_EVER = """
from streams.ownership.takeover import TakeOver
run = TakeOver.run
def run_or_wait(self, tp, parked):
    return asyncio.sleep(3600) if (tp.topic, tp.partition) == {place} else run(self, tp, parked)
TakeOver.run = run_or_wait
"""


def start_slow_worker(flow: Flow, place: tuple[str, int]) -> WorkerProcess:
    """A worker, but that it never gets one partition taken over."""
    log_file = flow.folder / "slow.log"
    program = f"import asyncio\nfrom streams.cli import main\n{TAKES_FOR_EVER.format(place=place)}\nmain()"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", program, "worker"],
            env={**os.environ, **flow.environment},
            stdout=log,
            stderr=log,
        )
    worker = WorkerProcess(process, log_file)
    flow.workers.append(worker)
    return worker


@pytest.mark.long
def test_a_slow_take_over_holds_up_no_other_partition(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        await flow.produce(flow.closing_records(START_MS))
        topic = next(iter(flow.topics.inputs))
        slow = TopicPartition(topic, 1)
        worker = start_slow_worker(flow, (topic, 1))

        async def is_all_but_one_read() -> bool:
            return {tp for tp, lag in (await flow.lag()).items() if lag} == {slow}

        await wait_for(is_all_but_one_read, 90, "all other partitions to be read", [worker])
        await flow.produce(flow.closing_records(START_MS + HOUR_MS))
        await wait_for(is_all_but_one_read, 90, "all other partitions to be read again", [worker])
        assert await worker.stop() == 0
        flow.start_worker()
        await flow.wait_until_read()

    asyncio.run(scenario())


@pytest.mark.long
@pytest.mark.timeout(180)
def test_an_input_topic_made_anew_under_a_worker_is_refused(flow: Flow, kafka: Kafka) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        records = flow.place([delivery("com.example.chart", number) for number in range(5)])
        await flow.produce(records)
        place = TopicPartition(records[0].topic, records[0].partition)
        worker = flow.start_worker()
        await flow.wait_until_read()
        async with flow.admin() as admin:
            await admin.delete_topics([place.topic])
        await kafka.create_topic(place.topic, partitions=flow.partitions, retention_ms="-1")
        await flow.produce(records[:2])
        assert await worker.end() == ExitCode.REFUSED, worker.log
        assert f"{place.topic}[{place.partition}] ends at " in worker.log
        assert "SLO_APPLICATION_ID" in worker.log
        assert "Traceback" not in worker.log

    asyncio.run(scenario())


@pytest.mark.long
def test_records_that_expired_are_missed_without_waiting_for_the_next(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        records = flow.place([delivery("com.example.chart", number) for number in range(6)])
        await flow.produce(records[:1])
        place = TopicPartition(records[0].topic, records[0].partition)
        worker = flow.start_worker()
        await flow.wait_until_read()
        assert await worker.stop() == 0
        await flow.produce(records[1:])
        async with flow.admin() as admin:
            await admin.delete_records({place: RecordsToDelete(6)})
        worker = flow.start_worker()
        await worker.says(f"{place.topic}[{place.partition}]: records 1 to 5 are gone from the log unread")
        await flow.wait_until_read()

    asyncio.run(scenario())
