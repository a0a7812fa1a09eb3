"""Large loads: nothing is lost and alerts are right; memory, commit and restore are measured beside."""

import re
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaProducer

from streams.names import WEBHOOK
from tests.bench.load import Delivery, produce
from tests.bench.usage import usage
from tests.e2e.flow import WorkerProcess
from tests.faults.scenario import Stage
from tests.faults.verdict import Verdict
from tests.faults.volume import Counts, Volume, transition_of
from tests.model import murmur2_partition
from tests.model.generate import MINUTE_MS, START_MS
from tests.model.invariants import violations
from tests.waiting import wait_for

_READ_WITHIN_S: Final = 300.0
_MOST_MEMORY_MB: Final = 600.0
_MOST_BYTES_A_SERIES: Final = 1_024
_TAKE_OVER_BEYOND_SESSION_S: Final = 5.0
_TAKEN_OVER: Final = re.compile(r"webhook\.v1\[\d+\]: .*?([\d,]+) series")


async def burst(stage: Stage) -> None:
    """Five million events lie there when the worker starts."""
    await _recounted(stage, Volume(_scaled(stage, 5_000_000), 1_000, 60, stage.amounts.seed))


async def hot_key(stage: Stage) -> None:
    """Nine of ten events are of one app: one partition has nearly all of the work."""
    await _recounted(stage, Volume(_scaled(stage, 1_000_000), 1_000, 60, stage.amounts.seed, hot_share=0.9))


async def _recounted(stage: Stage, volume: Volume) -> None:
    flow, figures = stage.flow, stage.outcome.figures
    counts = await _produce(stage, volume)
    started_s = time.monotonic()
    worker = flow.start_worker()
    await flow.wait_until_read(_READ_WITHIN_S)
    figures["events a second"] = volume.events / (time.monotonic() - started_s)
    figures["peak MB of a worker"] = peak_mb = usage(worker.process.pid).peak_mb
    end_ms = START_MS + (volume.minutes + 30) * MINUTE_MS
    await flow.produce(flow.closing_records(end_ms + flow.lateness_ms))
    await flow.wait_until_read()
    assert await worker.stop() == 0, worker.log
    stage.outcome.verdict = said = await _compare(stage, counts, end_ms)
    said.events = volume.events
    assert said.alerts, "no alert was published: that proves nothing"
    assert not said.lost + said.duplicated + said.wrong + len(said.broken), said
    assert peak_mb <= _MOST_MEMORY_MB, f"a worker took {peak_mb:.0f} MB"


async def million_series(stage: Stage) -> None:
    """A million apps with a few events each: what a series costs in memory, and how long its state takes to restore."""
    figures = stage.outcome.figures
    count = _scaled(stage, 1_000_000)
    idle_mb, first = await _with_series(stage, count)
    figures["bytes a series"] = bytes_a_series = (_resident_mb(first) - idle_mb) * 2**20 / count
    figures["peak MB of a worker"] = usage(first.process.pid).peak_mb
    assert await first.stop() == 0, first.log
    started_s = time.monotonic()
    second = stage.flow.start_worker()
    assert await _restored(stage, [second]) == count
    figures["restore s"] = stage.outcome.recovery_s = time.monotonic() - started_s
    await _judge_all(stage)
    assert await second.stop() == 0, second.log
    if bytes_a_series > _MOST_BYTES_A_SERIES:
        stage.outcome.missed.append(f"{bytes_a_series:,.0f} bytes a series, more than {_MOST_BYTES_A_SERIES:,}")


async def take_over(stage: Stage) -> None:
    """A worker with half of 400,000 series is killed: how long until the other one goes on with all of them."""
    flow = stage.flow
    count = _scaled(stage, 400_000)
    _, first = await _with_series(stage, count)
    second = flow.start_worker()
    await second.says("going on at")
    await flow.wait_until_read()
    seen = len(second.log)
    first.kill()
    killed_s = time.monotonic()
    await flow.produce(flow.closing_records(START_MS + 2 * MINUTE_MS))
    await flow.wait_until_read()
    stage.outcome.recovery_s = recovery_s = time.monotonic() - killed_s
    assert _series_taken_over(second.log[seen:]) > 0, "the other worker had everything already"
    limit_s = flow.session_s + _TAKE_OVER_BEYOND_SESSION_S
    if recovery_s > limit_s:
        stage.outcome.missed.append(f"took over after {recovery_s:.1f} s, more than {limit_s:.0f} s")
    await _judge_all(stage)
    assert await second.stop() == 0, second.log


async def _with_series(stage: Stage, count: int) -> tuple[float, WorkerProcess]:
    """A worker that has read an event of each of so many series; memory in MB that it took before."""
    flow = stage.flow
    await flow.create_topics()
    worker = flow.start_worker()
    await worker.says("going on at")
    idle_mb = _resident_mb(worker)
    started_s = time.monotonic()
    await _produce(stage, Volume(count, count, 1, stage.amounts.seed, bad_share=0.1), create=False)
    await flow.wait_until_read(_READ_WITHIN_S)
    stage.outcome.figures["series a second"] = count / (time.monotonic() - started_s)
    stage.outcome.verdict.events = count
    return idle_mb, worker


async def _judge_all(stage: Stage) -> None:
    """Judge the first boundary: every bad event is a series that breaches, and no other does."""
    flow, said = stage.flow, stage.outcome.verdict
    volume = Volume(said.events, said.events, 1, stage.amounts.seed, bad_share=0.1)
    counts = volume.counts()
    for _ in volume.records(counts):
        pass
    end_ms = START_MS + 3 * MINUTE_MS
    await flow.produce(flow.closing_records(end_ms + flow.lateness_ms))
    await flow.wait_until_read(_READ_WITHIN_S)
    found = await _compare(stage, counts, end_ms)
    found.events, stage.outcome.verdict = said.events, found
    assert found.alerts, "no alert was published: that proves nothing"
    assert not found.lost + found.duplicated + found.wrong + len(found.broken), found


async def _produce(stage: Stage, volume: Volume, *, create: bool = True) -> Counts:
    flow = stage.flow
    if create:
        await flow.create_topics()
    counts = volume.counts()
    first = [Delivery(one.key or b"", one.value or b"", START_MS) for one in flow.closing_records(START_MS)]
    async with AIOKafkaProducer(
        bootstrap_servers=flow.bootstrap_servers, enable_idempotence=True, max_batch_size=512 * 1024
    ) as producer:
        topic = flow.topics.input(WEBHOOK)
        await produce(producer, topic, flow.partitions, first[-flow.partitions :])
        await produce(producer, topic, flow.partitions, volume.records(counts))
    return counts


async def _compare(stage: Stage, counts: Counts, until_ms: int) -> Verdict:
    published = await stage.flow.alerts()
    found = Counter(
        transition_of(alert, int(datetime.fromisoformat(alert["time"]).timestamp()) * 1_000)
        for alerts in published.values()
        for alert in alerts
    )
    wanted = set(counts.transitions(until_ms))
    broken = [what for alerts in published.values() for what in violations(alerts)]
    for app in {alert["appKey"] for alerts in published.values() for alert in alerts}:
        home = murmur2_partition(app.encode(), stage.flow.partitions)
        assert (stage.flow.topics.input(WEBHOOK), home) in published
    return Verdict(
        alerts=found.total(),
        lost=len(wanted - set(found)),
        duplicated=found.total() - len(found),
        wrong=len(set(found) - wanted),
        broken=broken[:10],
    )


async def _restored(stage: Stage, workers: list[WorkerProcess]) -> int:
    """Wait until all partitions are in hand; series in them."""

    async def is_done() -> bool:
        return sum(worker.log.count("going on at") for worker in workers) >= len(stage.flow.input_partitions)

    await wait_for(is_done, _READ_WITHIN_S, "all partitions to be restored", workers)
    return sum(_series_taken_over(worker.log) for worker in workers)


def _resident_mb(worker: WorkerProcess) -> float:
    """Memory that a worker holds right now. Source: proc(5)."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1_024


def _series_taken_over(log: str) -> int:
    return sum(int(number.replace(",", "")) for number in _TAKEN_OVER.findall(log))


def _scaled(stage: Stage, count: int) -> int:
    return max(1_000, int(count * stage.amounts.scale))
