"""Case: the steady state. Events come at a constant rate, and are judged as they come: what does that cost?

All four topics, exactly once, each subject on topics of its own. It starts on a few events; the load begins just after
a boundary came due, and the time that is measured holds the next one, at which the sick apps breach. What the broker
takes for the load alone is measured, too.
"""

import asyncio
import itertools
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.event_time import epoch_ms
from streams.broker.probe import free_port
from streams.child.leash import leashed
from streams.kafka.topic_setup import prepare_topics
from streams.names import METRICS, changelog
from streams.run.service_process import service_process
from streams.settings import Clock, Settings
from tests.bench.case import BrokenError, Reading, Stage
from tests.bench.peers.catalogue import LIVE_PEERS, Peer
from tests.bench.peers.environment import UnavailableError
from tests.bench.peers.run import started
from tests.bench.topics import Offsets, create_topic, ends
from tests.bench.usage import Usage, tree_usage, usage
from tests.bench.worker_run import ENVIRONMENT

LOAD_ALONE: Final = "live, the load alone"
OURS: Final = "live, slo-streams"
CPU: Final = "engine and broker CPU, s per million"
BROKER_CPU: Final = "broker CPU, s per million"
P50: Final = "event to result, s, p50"
P99: Final = "event to result, s, p99"
LEFT: Final = "records left of what it could not carry"
CHANGELOG: Final = "changelog, MB per million"
PEAK: Final = "peak memory, MB"
CPU_OF_PEER: Final = "CPU, times the better peer's"
P99_OF_PEER: Final = "p99, times the better peer's"
PARTITIONS: Final = 8
LATENESS_MS: Final = 10_000
_SICK_ONE_IN: Final = 1_000
_FEWEST_SICK: Final = 20
_FIRST_RATE: Final = 100
_MINUTE_S: Final = 60.0
_BEFORE_DUE_S: Final = 15.0  # measuring begins so long before a boundary is due
_START_S: Final = 180.0
_MOST_BEHIND_S: Final = 15.0  # of the rate, at the end: more is not carried
_LAST_RESULTS_S: Final = 6.0

Delay = Callable[[Any, float], float]
"""From a record of a result and when it was read, epoch s: how late it was, s."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who judges: `start` runs it, and gives its process id; results come on `output`."""

    name: str
    start: Callable[[Settings], AbstractAsyncContextManager[int]]
    group: Callable[[Settings], str]
    output: Callable[[Settings], str]
    changelogs: Callable[[Settings], Sequence[str]]
    delay: Delay


@dataclass(frozen=True, slots=True)
class _Moment:
    own: Usage
    broker: Usage
    events: int
    behind: int
    changelog_bytes: int

    def __sub__(self, before: "_Moment") -> tuple[float, float, int, int, int]:
        return (
            self.own.cpu_s - before.own.cpu_s,
            self.broker.cpu_s - before.broker.cpu_s,
            self.events - before.events,
            self.events - self.behind - (before.events - before.behind),
            self.changelog_bytes - before.changelog_bytes,
        )


def part_of(name: str, rate: int, apps: int) -> str:
    """Name of a subject under a load, as results have it."""
    return f"{name} @ {rate:,}/s, {apps:,} apps"


class Live:
    """Every rate with every number of apps, each subject once a round, as far as it carries them."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing outlasts a round."""
        self._missing: set[str] = set()

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """One after the other."""
        too_many_apps: dict[str, int] = {}
        for rate, apps in itertools.product(sorted(stage.live.rates), stage.live.apps):
            readings: dict[str, dict[str, float]] = {}
            for subject in _subjects(stage):
                name = LOAD_ALONE if subject is None else subject.name
                if name in self._missing or too_many_apps.get(name, apps + 1) <= apps:
                    continue
                try:
                    readings[name] = await _run(stage, subject, f"live-{round_number}", rate, apps)
                except UnavailableError as problem:
                    stage.report(f"{name} does not take part: {problem}")
                    self._missing.add(name)
                except BrokenError as problem:
                    stage.report(f"{part_of(name, rate, apps)}: {problem}")
                else:
                    yield {(part_of(name, rate, apps), what): value for what, value in readings[name].items()}
                    if LEFT in readings[name]:  # at a higher rate, too
                        too_many_apps[name] = min(apps, too_many_apps.get(name, apps))
            yield {(part_of(OURS, rate, apps), what): value for what, value in _beside_peers(readings).items()}


def _beside_peers(readings: dict[str, dict[str, float]]) -> dict[str, float]:
    """Beside the better of those peers that carry the load; where none does, by what each event costs that it reads."""
    ours = readings.get(OURS)
    if ours is None or LEFT in ours:
        return {}
    peers = [reading for name, reading in readings.items() if name not in (OURS, LOAD_ALONE) and CPU in reading]
    better = min(peers, key=lambda reading: (LEFT in reading, reading[CPU]), default={})
    return {what: ours[of] / better[of] for what, of in ((CPU_OF_PEER, CPU), (P99_OF_PEER, P99)) if of in better}


def _subjects(stage: Stage) -> list[Subject | None]:
    peers = [_peer(stage, peer) for peer in LIVE_PEERS if peer.name in stage.peers]
    return [None, _ours(stage), *peers]


def _ours(stage: Stage) -> Subject:
    @asynccontextmanager
    async def start(settings: Settings) -> AsyncIterator[int]:
        environment = {f"SLO_{field.upper()}": str(getattr(settings, field)) for field in ENVIRONMENT}
        environment["SLO_HEALTH_PORT"] = str(free_port())
        log_path = stage.folder / f"{settings.application_id}.log"
        async with service_process("worker", environment, log_path) as process:
            yield process.pid

    return Subject(
        OURS,
        start,
        lambda settings: settings.application_id,
        lambda settings: settings.topics.alerts,
        lambda settings: [changelog(settings.application_id, metric) for metric in METRICS.values()],
        lambda record, read_s: read_s - (epoch_ms(orjson.loads(record.value)["time"]) + LATENESS_MS) / 1_000,
    )


def _peer(stage: Stage, peer: Peer) -> Subject:
    @asynccontextmanager
    async def start(settings: Settings) -> AsyncIterator[int]:
        output, topics = _output(settings), ",".join(settings.topics.inputs)
        servers = settings.bootstrap_servers
        await create_topic(servers, output, PARTITIONS)
        process = await started(peer, servers, topics, output, 0, folder=stage.folder, stdout=DEVNULL)
        try:
            yield process.pid
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def delay(record: Any, read_s: float) -> float:
        if peer.closes_all:
            return float(read_s - (orjson.loads(record.value)["windowEnd"] + LATENESS_MS) / 1_000)
        return float(read_s - record.timestamp / 1_000)

    return Subject(
        f"live, {peer.name}",
        start,
        _output,
        _output,
        lambda settings: [f"{_output(settings)}-windows-{number}-changelog" for number in range(len(METRICS))],
        delay,
    )


def _output(settings: Settings) -> str:
    return f"{settings.application_id}-out"


async def _run(stage: Stage, subject: Subject | None, name: str, rate: int, apps: int) -> dict[str, float]:
    number = 0 if subject is None else 1 + [OURS, *(f"live, {peer.name}" for peer in LIVE_PEERS)].index(subject.name)
    settings = stage.settings(f"{name}-{number}-{rate}-{apps}").model_copy(
        update={"partitions": PARTITIONS, "clock": Clock.LIVE}
    )
    await prepare_topics(settings)
    if subject is None:
        return await _load_alone(stage, settings, rate, apps)
    async with subject.start(settings) as pid:
        async with _loaded(settings, _FIRST_RATE, apps, 0, _START_S):
            await _until_at_work(settings, subject)
        await _next_due()  # before it nobody is sick, so that they breach at the next one
        sick, seconds = max(_FEWEST_SICK, apps // _SICK_ONE_IN), _MINUTE_S + stage.live.seconds
        async with _loaded(settings, rate, apps, sick, seconds), _results(settings, subject) as delays_s:
            due_s = time.time() + _until_due_s()
            await asyncio.sleep(max(0.0, due_s - _BEFORE_DUE_S - time.time()))
            before = await _moment(stage, settings, subject, pid)
            began_s = time.time()
            await asyncio.sleep(stage.live.seconds)
            after = await _moment(stage, settings, subject, pid)
            await asyncio.sleep(_LAST_RESULTS_S)
    own_s, broker_s, events, done, stored_bytes = after - before
    if after.behind > _MOST_BEHIND_S * rate:
        return {LEFT: after.behind} | ({CPU: (own_s + broker_s) / done * 1e6} if done > 0 else {})
    late_s = [delay_s for read_s, delay_s in delays_s if read_s >= began_s and delay_s < stage.live.seconds]
    if len(late_s) < 2:
        raise BrokenError("hardly any result came")
    percentiles = quantiles(late_s, n=100)
    return {
        "events per second": events / stage.live.seconds,
        "engine CPU, s per million": own_s / events * 1e6,
        BROKER_CPU: broker_s / events * 1e6,
        CPU: (own_s + broker_s) / events * 1e6,
        CHANGELOG: stored_bytes / events,
        "results": len(late_s),
        P50: percentiles[49],
        P99: percentiles[98],
        PEAK: after.own.peak_mb,
    }


async def _load_alone(stage: Stage, settings: Settings, rate: int, apps: int) -> dict[str, float]:
    async with _loaded(settings, rate, apps, 0, 10 + stage.live.seconds):
        await asyncio.sleep(5.0)
        before = await _moment(stage, settings, None, None)
        await asyncio.sleep(stage.live.seconds)
        _, broker_s, events, *_ = await _moment(stage, settings, None, None) - before
    return {BROKER_CPU: broker_s / events * 1e6}


def _until_due_s() -> float:
    """Seconds until the next boundary of a minute comes due."""
    return _MINUTE_S - (time.time() - LATENESS_MS / 1_000) % _MINUTE_S


async def _next_due() -> None:
    await asyncio.sleep(_until_due_s() + 1.0)


@asynccontextmanager
async def _loaded(settings: Settings, rate: int, apps: int, sick: int, seconds: float) -> AsyncIterator[None]:
    numbers = map(str, (PARTITIONS, rate, apps, sick, round(seconds)))
    arguments = [settings.bootstrap_servers, settings.topic_prefix, *numbers]
    process = await asyncio.create_subprocess_exec(
        *leashed([sys.executable, "-m", "tests.bench.live_load", *arguments]), stdin=DEVNULL
    )
    try:
        yield
        if process.returncode:
            raise BrokenError(f"the load ended with status {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def _results(settings: Settings, subject: Subject) -> AsyncIterator[list[tuple[float, float]]]:
    """When each result was read, and how late, as they come."""
    delays_s: list[tuple[float, float]] = []
    async with AIOKafkaConsumer(
        subject.output(settings),
        bootstrap_servers=settings.bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    ) as consumer:

        async def listen() -> None:
            while True:
                found = await consumer.getmany(timeout_ms=1_000)
                read_s = time.time()
                for records in found.values():
                    delays_s.extend((read_s, subject.delay(record, read_s)) for record in records)

        listening = asyncio.create_task(listen())
        try:
            yield delays_s
        finally:
            listening.cancel()
            await asyncio.wait([listening])
            if not listening.cancelled():
                listening.result()


async def _until_at_work(settings: Settings, subject: Subject) -> None:
    """Wait until it has committed something of every partition."""
    deadline_s = time.monotonic() + _START_S
    while len(found := await _offsets(settings, subject)) < PARTITIONS * len(METRICS):
        if time.monotonic() > deadline_s:
            raise BrokenError(f"only {len(found)} partitions have a commit after {_START_S:g} s")
        await asyncio.sleep(0.5)


async def _offsets(settings: Settings, subject: Subject) -> Offsets:
    """What it has committed of the inputs."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(subject.group(settings))
    except KafkaError:  # a new broker sets up its first group
        return {}
    finally:
        await admin.close()
    return {tp: at.offset for tp, at in found.items() if tp.topic in settings.topics.inputs and at.offset > 0}


async def _moment(stage: Stage, settings: Settings, subject: Subject | None, pid: int | None) -> _Moment:
    servers = settings.bootstrap_servers
    try:
        own = Usage(0.0, 0.0) if pid is None else tree_usage(pid)
    except FileNotFoundError:
        raise BrokenError("the engine has ended") from None
    broker = usage(stage.kafka.pid or 0)
    events = 0
    for topic in settings.topics.inputs:
        events += sum((await ends(servers, topic, PARTITIONS)).values())
    behind = 0 if subject is None else events - sum((await _offsets(settings, subject)).values())
    topics = () if subject is None else subject.changelogs(settings)
    stored = sum(
        path.stat().st_size for topic in topics for path in stage.kafka.data_dir.glob(f"topics/{topic}-[0-9]*/*.log")
    )
    return _Moment(own, broker, events, behind, stored)
