"""The common shape of a fault: workers run and events flow, it is injected, it ends, and everything must come right."""

import asyncio
import random
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiokafka.errors import KafkaError

from tests.e2e.flow import Flow
from tests.faults.ground import Ground, GroundMaker, one_broker
from tests.faults.offsets import watch_offsets
from tests.faults.proxy import Proxy
from tests.faults.row import Amounts, LeftOutError, Outcome
from tests.faults.scene import Scene
from tests.faults.supervisor import Supervisor
from tests.faults.traffic import LARGEST_RECORD_BYTES, Source, Traffic, everything
from tests.faults.verdict import verdict
from tests.model.generate import MINUTE_MS

_READY_TIMEOUT_S: Final = 60.0
_FAULT_TIMEOUT_S: Final = 400.0
_POLL_S: Final = 0.25
_SESSION_S: Final = 6  # the least that brokers allow: the sooner a worker is thought dead, the more happens


Inject = Callable[[Scene], Awaitable[int]]
"""Injects a fault and ends it; how often."""


@dataclass(frozen=True)
class Fault:
    """Something that happens to a running installation; `objectives` is a file's text, the shipped ones without.

    `settings` are further variables of its workers.
    """

    name: str
    answers: str
    inject: Inject
    ground: GroundMaker = one_broker
    source: Source = everything
    workers: int = 2
    replicas: int = 1
    clock: str = "event"
    lateness_ms: int = 10_000
    objectives: str | None = None
    launcher: tuple[str, ...] = ()
    program: tuple[str, ...] = ("streams.cli",)
    event_stamp: str = "CreateTime"
    needs_alerts: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)

    def play(self, folder: Path, amounts: Amounts) -> Outcome:
        """Play it once; the verdict is about all that was produced."""
        outcome = Outcome(self.name, self.answers)
        started_s = time.monotonic()
        folder.mkdir(parents=True)
        with self.ground(folder) as ground:
            asyncio.run(_play(self, ground, folder, amounts, outcome))
        outcome.took_s = time.monotonic() - started_s
        return outcome


async def _play(fault: Fault, ground: Ground, folder: Path, amounts: Amounts, outcome: Outcome) -> None:
    rng = random.Random(f"{amounts.seed} {fault.name}")
    flow = Flow(
        ground.servers,
        "slo-faults.",
        folder,
        replicas=fault.replicas,
        clock=fault.clock,
        lateness_ms=fault.lateness_ms,
        session_s=_SESSION_S,
        launcher=fault.launcher,
        program=fault.program,
        event_stamp=fault.event_stamp,
    )
    if fault.objectives is not None:
        flow.objectives_file = folder / "objectives.yaml"
        flow.objectives_file.write_text(fault.objectives)
    settings = {"SLO_BOOTSTRAP_SERVERS": ground.worker_servers, **fault.settings}
    workers = Supervisor(flow, fault.workers, lambda: settings | scene.worker_settings())
    traffic = Traffic(flow, fault.source, random.Random(rng.random()))
    scene = Scene(flow, ground, workers, traffic, rng, amounts, outcome.figures)
    try:
        async with AsyncExitStack() as stack:
            if ground.proxy_port is not None:
                scene.proxy = await stack.enter_async_context(Proxy(ground.proxy_port, ground.behind_port))
            await _ready(flow)
            async with (
                asyncio.timeout(_FAULT_TIMEOUT_S + amounts.soak_s),
                _beside(workers.keep(), watch_offsets(flow), traffic.flow()),
            ):
                await workers.all_at_work()
                await flow.wait_for_commits()
                outcome.injected = await fault.inject(scene)
                ended_s = time.monotonic()
                await scene.until_read()
                outcome.recovery_s = time.monotonic() - ended_s
                traffic.end()
                await traffic.over.wait()
                if flow.clock == "event":
                    await flow.produce(flow.closing_records(traffic.now_ms + 5 * MINUTE_MS))
                await scene.until_read()
                await flow.wait_until_read()
                await workers.stop()
            outcome.verdict = await verdict(flow)
            outcome.problem = outcome.verdict.problem
            if fault.needs_alerts and not outcome.verdict.alerts:
                outcome.problem = outcome.problem or "no alert was published: that proves nothing"
    except LeftOutError as reason:
        outcome.left_out = str(reason)
    except Exception as problem:  # whatever it is, the other faults are still to be played
        outcome.problem = "".join(traceback.format_exception(problem))
    finally:
        outcome.exits = dict(workers.exits)
        flow.stop()


async def _ready(flow: Flow) -> None:
    """Topics, on a Kafka that has just begun: its coordinators make their own topics when first asked."""
    async with asyncio.timeout(_READY_TIMEOUT_S):
        while True:
            try:
                await flow.create_topics(LARGEST_RECORD_BYTES)
            except KafkaError:
                await asyncio.sleep(_POLL_S)
            else:
                return


@asynccontextmanager
async def _beside(*watches: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """What goes on for as long as the block runs, and ends it with an error of its own."""
    async with asyncio.TaskGroup() as tasks:
        watching = [tasks.create_task(watch) for watch in watches]
        yield
        for task in watching:
            task.cancel()
