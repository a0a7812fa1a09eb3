"""Work that would grow without bounds: little input that unpacks to much, and one boundary at which all is breached.

Each scene reads an ordinary load first, in the same worker: what it takes beyond that is told beside it.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import chain
from typing import Any, Final

import orjson
from aiohttp import ClientConnectionError, ClientSession, ClientTimeout
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from streams.kafka.excerpt import KEPT_BYTES
from streams.names import WEBHOOK
from tests.bench.load import Delivery, produce
from tests.bench.usage import usage
from tests.e2e.flow import Flow, WorkerProcess
from tests.faults.scenario import Stage
from tests.faults.volume import Volume
from tests.kafka.batches import ZSTD, around_value, batch_of, record, zeros, zstd_of
from tests.model import murmur2_partition
from tests.model.build import ORDINARY
from tests.model.generate import MINUTE_MS, START_MS
from tests.ports import free_port

MIB: Final = 1024 * 1024
_ORDINARY_EVENTS: Final = 300_000
_FROM_MS: Final = START_MS + 10 * MINUTE_MS  # behind the ordinary load
_MORE_MB: Final = 256.0
_PAUSE_S: Final = 1.0
_READ_WITHIN_S: Final = 300.0
_ASK_EVERY_S: Final = 0.05
_APP: Final = "com.example.bound"


class _Packed(BatchBuilder):  # type: ignore[misc]
    """A batch that is written already."""

    def __init__(self, raw: bytes, count: int) -> None:
        super().__init__(len(raw), 0)
        self._buffer = raw
        self._relative_offset = count
        self._closed = True


class _Pulse:
    """Asks a worker all the time whether it lives; `longest_s` is how long it took to say so at most."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/live"
        self.longest_s = 0.0
        self.said_no = 0

    async def keep_asking(self) -> None:
        async with ClientSession(timeout=ClientTimeout(total=60)) as session:
            while True:
                asked_s = time.monotonic()
                with suppress(ClientConnectionError):
                    async with session.get(self._url) as answer:
                        self.said_no += answer.status != 200
                        self.longest_s = max(self.longest_s, time.monotonic() - asked_s)
                await asyncio.sleep(_ASK_EVERY_S)


async def slow_values(stage: Stage) -> None:
    """20,000 events, each with a thousand nested arrays that nobody reads: 42 MB, 80 KB on the broker."""
    nested = b"[" * 1_000 + b"]" * 1_000
    events = [_event(number, new="HERE").replace(b'"HERE"', nested) for number in range(_scaled(stage, 20_000))]
    async with _watched(stage) as worker:
        await _send(stage, (record(number, event, _APP.encode()) for number, event in enumerate(events)), len(events))
        await _read(stage, worker)
    assert not await stage.flow.rejected()


async def huge_values(stage: Stage) -> None:
    """Eight values of 200 MB: 50 KB on the broker."""
    size, count = _scaled(stage, 200) * MIB, 8

    def records() -> Iterator[bytes]:
        for number in range(count):
            before, behind = around_value(number, size)
            yield from chain((before,), zeros(size), (behind,))

    async with _watched(stage) as worker:
        await _send(stage, records(), count)
        await _read(stage, worker)
    digest = hashlib.sha256()
    for piece in zeros(size):
        digest.update(piece)
    await _check_cut(stage, count, size, digest.hexdigest())


async def large_rejects(stage: Stage) -> None:
    """A thousand values of 899 KB: 900 MB, 130 KB on the broker."""
    value, count = bytes(899 * 1_000), _scaled(stage, 1_000)
    async with _watched(stage) as worker:
        await _send(stage, (record(number, value) for number in range(count)), count)
        await _read(stage, worker)
    await _check_cut(stage, count, len(value), hashlib.sha256(value).hexdigest())


async def scopes(stage: Stage) -> None:
    """An app that makes up a product for each of 400,000 failures: it has a thousand series, the rest is refused."""
    count = _scaled(stage, 400_000)
    async with _watched(stage, bounded_memory=False) as worker:
        await _deliver(stage, (_event(0, product=f"product-{number}", statusCode=500) for number in range(count)))
        await _read(stage, worker)
        await _close_boundary(stage, worker)
    rejected = await stage.flow.rejected()
    assert len(rejected) == max(0, count - 1_000)
    assert {reason for *_, reason in rejected} <= {"too_many_series"}
    await _check_alerts(stage, sorted(f"product-{number}" for number in range(min(count, 1_000))), "scope")


async def many_breaches(stage: Stage) -> None:
    """A hundred thousand apps of one partition breach at one boundary, and recover at another."""
    apps = [f"app-{number:06d}" for number in range(_scaled(stage, 100_000))]
    async with _watched(stage, bounded_memory=False) as worker:
        await _deliver(stage, (_event(0, appKey=app, statusCode=500) for app in apps))
        await _read(stage, worker)
        started_s = time.monotonic()
        await _close_boundary(stage, worker)
        stage.outcome.figures["s until published"] = time.monotonic() - started_s
    await _check_alerts(stage, apps, "appKey")


# What they have in common


@asynccontextmanager
async def _watched(stage: Stage, *, bounded_memory: bool = True) -> AsyncIterator[WorkerProcess]:
    """A worker that has read an ordinary load; what it took until then, and takes within the block, is noted."""
    flow, figures = stage.flow, stage.outcome.figures
    await flow.create_topics(4 * MIB)
    port = free_port()
    worker = flow.start_worker(SLO_HEALTH_PORT=str(port))
    await worker.says("going on at")
    volume = Volume(_scaled(stage, _ORDINARY_EVENTS), 1_000, 5, stage.amounts.seed, bad_share=0.0)
    usual = _Pulse(port)
    async with _asking(usual):
        await _produce(flow, volume.records(volume.counts()))
        await flow.wait_until_read(_READ_WITHIN_S)
    figures["usual peak MB"] = usual_mb = usage(worker.process.pid).peak_mb
    figures["usual longest answer s"] = usual.longest_s
    pulse = _Pulse(port)
    started_s = time.monotonic()
    async with _asking(pulse):
        yield worker
    figures["read s"] = time.monotonic() - started_s
    figures["peak MB"] = peak_mb = usage(worker.process.pid).peak_mb
    figures["longest answer s"] = pulse.longest_s
    stage.outcome.verdict.events = sum((await flow.end_offsets(flow.input_partitions)).values())
    assert not pulse.said_no, "it said that it does not live"
    assert await worker.stop() == 0, worker.log
    if bounded_memory:
        assert peak_mb <= usual_mb + _MORE_MB, f"it took {peak_mb:.0f} MB, {usual_mb:.0f} usually"
    if pulse.longest_s > _PAUSE_S:
        stage.outcome.missed.append(f"an answer took {pulse.longest_s:.2f} s, more than {_PAUSE_S:.0f} s")


@asynccontextmanager
async def _asking(pulse: _Pulse) -> AsyncIterator[None]:
    asking = asyncio.create_task(pulse.keep_asking())
    try:
        yield
    finally:
        asking.cancel()


def _event(number: int, **fields: Any) -> bytes:
    return orjson.dumps({"appKey": _APP, "time": _FROM_MS + number, **ORDINARY[WEBHOOK.id], **fields})


async def _send(stage: Stage, records: Iterator[bytes], count: int) -> None:
    """One batch of records that are packed as they come."""
    flow = stage.flow
    packed = await asyncio.to_thread(zstd_of, records)
    raw = batch_of(ZSTD, count, packed, first_ms=_FROM_MS)
    stage.outcome.figures["KB on the broker"] = len(raw) / 1_000
    async with AIOKafkaProducer(bootstrap_servers=flow.bootstrap_servers, max_request_size=8 * MIB) as producer:
        partition = murmur2_partition(_APP.encode(), flow.partitions)
        batch = _Packed(raw, count)
        await (await producer.send_batch(batch, flow.topics.input(WEBHOOK), partition=partition))


async def _deliver(stage: Stage, events: Iterator[bytes]) -> None:
    await _produce(stage.flow, (Delivery(orjson.loads(event)["appKey"].encode(), event, _FROM_MS) for event in events))


async def _produce(flow: Flow, deliveries: Iterator[Delivery]) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=flow.bootstrap_servers, enable_idempotence=True, max_batch_size=512 * 1024
    ) as producer:
        await produce(producer, flow.topics.input(WEBHOOK), flow.partitions, deliveries)


async def _close_boundary(stage: Stage, worker: WorkerProcess) -> None:
    """Judge the boundary behind the events."""
    flow = stage.flow
    await flow.produce(flow.closing_records(_FROM_MS + MINUTE_MS + flow.lateness_ms))
    await _read(stage, worker)


async def _read(stage: Stage, worker: WorkerProcess) -> None:
    await stage.flow.wait_until_read(_READ_WITHIN_S)
    assert worker.exit_code is None, worker.log


async def _check_cut(stage: Stage, count: int, size: int, sha256: str) -> None:
    """Every record is there as its beginning, and says what it was."""
    kept = await stage.flow.read(stage.flow.topics.rejected)
    assert len(kept) == count
    for one in kept:
        headers = dict(one.headers)
        assert one.value == bytes(KEPT_BYTES)
        assert (headers["reason"], headers["truncated"]) == (b"too_large", str(size).encode())
        assert headers["sha256"] == sha256.encode()


async def _check_alerts(stage: Stage, names: list[str], field: str) -> None:
    """One breach for each, all of one boundary, in order."""
    published = [alert for alerts in (await stage.flow.alerts()).values() for alert in alerts]
    stage.outcome.verdict.alerts = len(published)
    assert {(alert["type"], alert["goodCount"], alert["badCount"]) for alert in published} == {("BREACH", 0, 1)}
    assert [alert[field] for alert in published] == names


def _scaled(stage: Stage, count: int) -> int:
    return max(1, int(count * stage.amounts.scale))
