"""Workers at work on a load: at rest behind a gate, measured from its opening to the commit of the last offset.

All CPU time in between counts, commits and idle moments included.
"""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from prometheus_client.parser import text_string_to_metric_families

from streams.broker.probe import free_port
from streams.kafka.topic_setup import prepare_topics
from streams.names import WEBHOOK, changelog
from streams.run.service_process import service_process
from streams.settings import Settings
from tests.bench.case import PARTITIONS, BrokenError, Stage
from tests.bench.gate import gate
from tests.bench.load import FIRST_RECORDS, Load, produce
from tests.bench.peers.run import Course, Moment
from tests.bench.recount import Alert, alert_of, recount
from tests.bench.topics import Offsets, committed_values, ends
from tests.bench.usage import Usage, tree_usage, usage

POLL_S: Final = 0.02
METRICS_POLL_S: Final = 0.2  # each costs the worker a millisecond
WORK_TIMEOUT_S: Final = 180.0
SHARE_TIMEOUT_S: Final = 60.0
ENVIRONMENT: Final = (
    "bootstrap_servers",
    "application_id",
    "topic_prefix",
    "partitions",
    "replication_factor",
    "clock",
)
_RECORDS: Final = "slo_streams_records_total"

Metrics = dict[str, float]
"""Sample name -> its sum over all workers, of the load's topic only."""


@dataclass(frozen=True, slots=True)
class WorkerRun:
    """How it went, and what the workers said of themselves at the end."""

    course: Course
    metrics: Metrics
    alerts: int
    input_bytes: int
    changelog_bytes: int


@dataclass(frozen=True, slots=True)
class RunningWorker:
    """A worker and the port of its health."""

    process: Process
    port: int


async def work_through(
    stage: Stage,
    name: str,
    load: Load,
    *,
    workers: int = 1,
    compression: str | None = None,
    overrides: Mapping[str, str] | None = None,
    is_checked: bool = True,
) -> WorkerRun:
    """Load the input topic under this name, and let workers work through it; their alerts are held against a recount.

    `overrides` are further `SLO_` variables. A load that the recount does not know is checked for rejections only.

    Raises:
        BrokenError: not done in time, or wrong.
    """
    settings = stage.settings(name)
    servers, topic = settings.bootstrap_servers, settings.topics.input(load.metric)
    await prepare_topics(settings)
    producer = AIOKafkaProducer(
        bootstrap_servers=servers, enable_idempotence=True, max_batch_size=1 << 17, compression_type=compression
    )
    await producer.start()
    try:
        await produce(producer, topic, PARTITIONS, load.first.records())
        first = await ends(servers, topic, PARTITIONS)
        async with gate(servers, topic, PARTITIONS) as open_gate:
            await produce(producer, topic, PARTITIONS, load.records())
            environment = {f"SLO_{field.upper()}": str(getattr(settings, field)) for field in ENVIRONMENT}
            async with started(stage, name, environment | dict(overrides or {}), workers) as running:
                course = await _course(stage, settings, load, topic, first, open_gate, running)
                metrics = await metrics_of(running, topic)
    finally:
        await producer.stop()
    alerts = {
        alert_of(orjson.loads(value)) async for value in committed_values(servers, settings.topics.alerts, PARTITIONS)
    }
    rejected = [value async for value in committed_values(servers, settings.topics.rejected, PARTITIONS)]
    if rejected:
        raise BrokenError(f"{name}: of {load.events:,} good events {len(rejected):,} were rejected")
    if is_checked and load.metric is WEBHOOK:
        _compare(name, alerts, recount(load, PARTITIONS).alerts())
    rows = changelog(settings.application_id, load.metric)
    return WorkerRun(course, metrics, len(alerts), _stored_bytes(stage, topic), _stored_bytes(stage, rows))


@asynccontextmanager
async def started(
    stage: Stage, name: str, environment: dict[str, str], count: int
) -> AsyncIterator[list[RunningWorker]]:
    """Running workers with these `SLO_` variables; logs by the name."""
    async with AsyncExitStack() as stack:
        running = []
        for number in range(count):
            port, log_path = free_port(), stage.folder / f"{name}-{number}.log"
            process = await stack.enter_async_context(
                service_process("worker", environment | {"SLO_HEALTH_PORT": str(port)}, log_path)
            )
            running.append(RunningWorker(process, port))
        yield running


async def _course(
    stage: Stage,
    settings: Settings,
    load: Load,
    topic: str,
    first: Offsets,
    open_gate: Callable[[], Awaitable[None]],
    running: list[RunningWorker],
) -> Course:
    servers, group = settings.bootstrap_servers, settings.application_id

    def moment(seen: int) -> Moment:
        total = Usage(0.0, 0.0)
        for worker in running:
            total += tree_usage(worker.process.pid)
        return Moment(seen, time.monotonic(), total, usage(stage.kafka.pid or 0))

    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        async with asyncio.timeout(WORK_TIMEOUT_S):
            await until_shared(running, topic)
            while sum((await committed_of(admin, group, topic)).values()) < sum(first.values()):
                await _pause(running)
            start = moment(FIRST_RECORDS)
            await open_gate()
            wanted = await ends(servers, topic, PARTITIONS)
            half, asked_s = None, time.monotonic()
            while True:
                committed = await committed_of(admin, group, topic)
                if all(committed.get(tp, 0) >= offset for tp, offset in wanted.items()):
                    end = moment(FIRST_RECORDS + load.events)
                    return Course(start, half or start, end)
                if half is None and time.monotonic() > asked_s + METRICS_POLL_S:
                    seen, asked_s = round((await metrics_of(running, topic))[_RECORDS]), time.monotonic()
                    half = moment(seen) if seen >= load.events / 2 else None
                await _pause(running)
    except TimeoutError:
        raise BrokenError(f"{group}: workers were not done after {WORK_TIMEOUT_S:g} s") from None
    finally:
        await admin.close()


async def _pause(running: list[RunningWorker]) -> None:
    for worker in running:
        if worker.process.returncode is not None:
            raise BrokenError(f"a worker ended with status {worker.process.returncode}")
    await asyncio.sleep(POLL_S)


async def until_shared(running: list[RunningWorker], topic: str, partitions: int = PARTITIONS) -> None:
    """Wait until every worker has its equal share of the partitions, taken over."""
    share = partitions / len(running)
    deadline_s = time.monotonic() + SHARE_TIMEOUT_S
    while True:
        metrics = [await metrics_of([worker], topic) for worker in running]
        if all(
            one.get("slo_streams_partitions") == share and not one["slo_streams_partitions_restoring"]
            for one in metrics
        ):
            return
        if time.monotonic() > deadline_s:
            shares = [one.get("slo_streams_partitions", 0) for one in metrics]
            raise BrokenError(f"the partitions of {topic} are not shared evenly: {shares}")
        await _pause(running)


async def metrics_of(running: Sequence[RunningWorker], topic: str | None) -> Metrics:
    """What workers say of a topic, or of themselves, summed up; one that does not answer yet says nothing."""
    found: Metrics = {}
    async with aiohttp.ClientSession() as session:
        for worker in running:
            try:
                async with session.get(f"http://127.0.0.1:{worker.port}/metrics") as answer:
                    text = await answer.text()
            except aiohttp.ClientError:
                continue  # it is still starting
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.labels.get("topic") == topic:
                        found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


async def committed_of(admin: AIOKafkaAdminClient, group: str, topic: str) -> Offsets:
    """How far a group has committed a topic; nothing where it is not known yet."""
    try:
        found = await admin.list_consumer_group_offsets(group)
    except KafkaError:  # a new broker sets up its first group
        return {}
    return {tp: place.offset for tp, place in found.items() if tp.topic == topic}


def _stored_bytes(stage: Stage, topic: str) -> int:
    """What the broker keeps of a topic on disk."""
    return sum(path.stat().st_size for path in stage.kafka.data_dir.glob(f"topics/{topic}-*/*.log"))


def _compare(name: str, found: set[Alert], expected: set[Alert]) -> None:
    if found != expected:
        missing, odd = sorted(expected - found), sorted(found - expected)
        raise BrokenError(
            f"{name}: {len(missing):,} alerts missing, {len(odd):,} not as recounted: {[*missing[:2], *odd[:2]]}"
        )
