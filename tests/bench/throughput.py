"""Case: one worker, exactly once, against a raw loop over the same records.

The worker is at rest, its partitions taken over, when the load comes within its reach; it is done when the last offset
is committed. All CPU time in between counts, commits and idle moments included.
"""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.kafka.topics import prepare_topics
from streams.names import WEBHOOK
from streams.run.worker_process import worker_process
from streams.settings import Settings
from tests.bench.case import PARTITIONS, BrokenError, Reading, Stage, measured_in_child
from tests.bench.gate import gate
from tests.bench.load import deliveries, produce
from tests.bench.usage import usage

APPS: Final = 1_000
MS_PER_EVENT: Final = 3.6  # a million events an hour, so that fewer bring fewer boundaries and alerts, too
FIRST_RECORDS: Final = 100  # enough of them that every partition gets some
POLL_S: Final = 0.02
WORK_TIMEOUT_S: Final = 180.0
ENVIRONMENT: Final = (
    "bootstrap_servers",
    "application_id",
    "topic_prefix",
    "partitions",
    "replication_factor",
    "clock",
)

Offsets = dict[TopicPartition, int]


class Throughput:
    """Each round has its own topics and a fresh worker."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing outlasts a round."""

    async def measure(self, stage: Stage, round_number: int) -> Reading:
        """Load the topic behind a gate, let the worker work through it, then the raw loop."""
        settings = stage.settings(f"bench-{round_number}")
        servers, topic = settings.bootstrap_servers, settings.topics.input(WEBHOOK)
        await prepare_topics(settings)
        producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, max_batch_size=1 << 17)
        await producer.start()
        try:
            await produce(producer, topic, PARTITIONS, deliveries(FIRST_RECORDS, apps=APPS, span_ms=1))
            first = await _ends(servers, topic)
            async with gate(servers, topic, PARTITIONS) as open_gate:
                behind_gate = await _ends(servers, topic)
                await produce(
                    producer,
                    topic,
                    PARTITIONS,
                    deliveries(stage.events, apps=APPS, span_ms=int(stage.events * MS_PER_EVENT)),
                )
                worker = await _worker(stage, settings, first, open_gate)
        finally:
            await producer.stop()
        starts = ",".join(str(behind_gate[tp]) for tp in sorted(behind_gate))
        raw = await measured_in_child("raw_loop", servers, topic, starts, stage.events)
        raw_per_cpu_s = raw["events"] / raw["cpu_s"]
        return worker | {
            ("worker", "times the raw loop"): worker["worker", "events per CPU second"] / raw_per_cpu_s,
            ("raw loop", "events per CPU second"): raw_per_cpu_s,
            ("raw loop", "events per second"): raw["events"] / raw["wall_s"],
            ("raw loop", "peak memory, MB"): raw["peak_mb"],
        }


async def _worker(
    stage: Stage, settings: Settings, first: Offsets, open_gate: Callable[[], Awaitable[None]]
) -> Reading:
    topic = settings.topics.input(WEBHOOK)
    environment = {f"SLO_{name.upper()}": str(getattr(settings, name)) for name in ENVIRONMENT}
    log_path = stage.folder / f"{settings.application_id}.log"
    broker_pid = stage.kafka.pid or 0
    async with worker_process(environment, log_path) as worker:
        await _committed(settings, first, worker, log_path)
        before, broker_before, started_s = usage(worker.pid), usage(broker_pid), time.monotonic()
        await open_gate()
        await _committed(settings, await _ends(settings.bootstrap_servers, topic), worker, log_path)
        after, broker_after, ended_s = usage(worker.pid), usage(broker_pid), time.monotonic()
    alerts = await _count(settings.bootstrap_servers, settings.topics.alerts)
    rejected = await _count(settings.bootstrap_servers, settings.topics.rejected)
    if not alerts or rejected:
        raise BrokenError(f"of {stage.events:,} good events came {alerts:,} alerts and {rejected:,} rejections")
    return {
        ("worker", "events per CPU second"): stage.events / (after.cpu_s - before.cpu_s),
        ("worker", "events per second"): stage.events / (ended_s - started_s),
        ("worker", "peak memory, MB"): after.peak_mb,
        ("worker", "broker CPU, us an event"): (broker_after.cpu_s - broker_before.cpu_s) / stage.events * 1e6,
        ("worker", "alerts"): alerts,
    }


async def _committed(settings: Settings, wanted: Mapping[TopicPartition, int], worker: Process, log_path: Path) -> None:
    """Wait until a worker has committed these offsets."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        async with asyncio.timeout(WORK_TIMEOUT_S):
            while not await _has_committed(admin, settings.application_id, wanted):
                if worker.returncode is not None:
                    raise BrokenError(f"the worker ended with status {worker.returncode}; see {log_path}")
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise BrokenError(f"the worker was not done after {WORK_TIMEOUT_S:g} s; see {log_path}") from None
    finally:
        await admin.close()


async def _has_committed(admin: AIOKafkaAdminClient, group: str, wanted: Mapping[TopicPartition, int]) -> bool:
    try:
        committed = await admin.list_consumer_group_offsets(group)
    except KafkaError:  # a new broker sets up its first group
        return False
    return all(tp in committed and committed[tp].offset >= offset for tp, offset in wanted.items())


async def _ends(servers: str, topic: str) -> Offsets:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    await consumer.start()
    try:
        ends: Offsets = await consumer.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)])
        return ends
    finally:
        await consumer.stop()


async def _count(servers: str, topic: str) -> int:
    """Committed records of a topic."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, isolation_level="read_committed", enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found = 0
        while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
            found += sum(map(len, (await consumer.getmany(timeout_ms=500)).values()))
        return found
    finally:
        await consumer.stop()
