"""How long an alert takes: from the moment its boundary is due until a consumer that reads committed records has it."""

import asyncio
import random
import time
from datetime import datetime
from statistics import quantiles
from typing import Final

import orjson
from aiokafka import AIOKafkaConsumer

from tests.e2e.test_live_clock import WITHIN_SECONDS
from tests.faults.live import LATENESS_MS
from tests.faults.scenario import Stage
from tests.faults.sources import told_by_a_clock
from tests.faults.verdict import verdict

_SECONDS: Final = 90
_EVERY_S: Final = 0.2
_GOAL_S: Final = 1.0
_FEWEST: Final = 50


async def alert_delay(stage: Stage) -> None:
    """Events as they happen under the live clock, each app well and unwell in turn."""
    flow = stage.flow
    flow.clock, flow.lateness_ms, flow.objectives_file = "live", LATENESS_MS, flow.folder / "objectives.yaml"
    flow.objectives_file.write_text(WITHIN_SECONDS)
    await flow.create_topics()
    worker = flow.start_worker()
    await worker.says("going on at")
    delays_s: list[float] = []
    async with AIOKafkaConsumer(
        flow.topics.alerts,
        bootstrap_servers=flow.bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    ) as consumer:
        listening = asyncio.create_task(_listen(consumer, delays_s))
        source, chance = told_by_a_clock(), random.Random(stage.rng.random())
        until_s = time.monotonic() + _SECONDS
        while time.monotonic() < until_s:
            await flow.produce(flow.place(source(chance, flow, 0)))
            await asyncio.sleep(_EVERY_S)
        listening.cancel()
    await flow.wait_until_read()
    assert await worker.stop() == 0, worker.log
    stage.outcome.verdict = said = await verdict(flow)
    assert said.problem is None, said.problem
    assert len(delays_s) >= _FEWEST, f"only {len(delays_s)} alerts"
    percentiles = quantiles(delays_s, n=100)
    stage.outcome.figures |= {
        "median delay s": percentiles[49],
        "p99 delay s": percentiles[98],
        "most s": max(delays_s),
    }
    if percentiles[98] > _GOAL_S:
        stage.outcome.missed.append(f"p99 {percentiles[98]:.2f} s, more than {_GOAL_S:.0f} s")


async def _listen(consumer: AIOKafkaConsumer, delays_s: list[float]) -> None:
    async for record in consumer:
        due_s = datetime.fromisoformat(orjson.loads(record.value)["time"]).timestamp() + LATENESS_MS / 1_000
        delays_s.append(time.time() - due_s)
