"""A long run under random faults: memory stays flat, and what was not yet read stays bounded."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiokafka.errors import KafkaError

from tests.bench.usage import usage
from tests.faults.proxy import Proxy
from tests.faults.scene import Scene
from tests.faults.supervisor import Supervisor

_LOOK_EVERY_S: Final = 2.0
PAUSE_S: Final = 12.0
"""At most between two faults."""
_ASKING_TIMEOUT_S: Final = 10.0
_WORKERS: Final = 2
MOST_MEMORY_MB: Final = 300.0
"""Of one worker, at any time; an idle one takes about 100."""
MOST_LAG: Final = 20_000
"""Records; the traffic is about 80 a second, and the longest outage 30 s."""


async def soak(scene: Scene) -> int:
    """One fault after the other for as long as asked for, each of a random kind; then memory and lag are judged."""
    assert scene.proxy is not None
    faults = (*PROCESS_FAULTS, *WORLD_FAULTS)
    injected = 0
    until_s = time.monotonic() + scene.amounts.soak_s
    watching = asyncio.create_task(watch(scene))
    try:
        while time.monotonic() < until_s:
            await scene.rng.choice(faults)(scene)
            injected += 1
            await asyncio.sleep(scene.rng.uniform(0, PAUSE_S))
    finally:
        watching.cancel()
    await scene.until_read()
    memory_mb, lag = scene.figures["peak MB of a worker"], scene.figures["most records behind"]
    assert memory_mb <= MOST_MEMORY_MB, f"a worker took {memory_mb:.0f} MB"
    assert lag <= MOST_LAG, f"the workers were {lag:.0f} records behind"
    return injected


async def watch(scene: Scene) -> None:
    """Note the most memory and the most lag, until cancelled."""
    figures = scene.figures
    figures |= {"peak MB of a worker": 0.0, "most records behind": 0.0}
    while True:
        for worker in scene.workers.running:
            with suppress(FileNotFoundError, KeyError):  # it has ended just now
                peak_mb = usage(worker.process.pid).peak_mb
                figures["peak MB of a worker"] = max(figures["peak MB of a worker"], peak_mb)
        with suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_ASKING_TIMEOUT_S):
                lag = sum((await scene.flow.lag()).values())
                figures["most records behind"] = max(figures["most records behind"], lag)
        await asyncio.sleep(_LOOK_EVERY_S)


async def _kill(scene: Scene) -> None:
    if scene.workers.running:
        scene.rng.choice(scene.workers.running).kill()


async def _stand_still(scene: Scene) -> None:
    if scene.workers.running:
        worker = scene.rng.choice(scene.workers.running)
        worker.signal(signal.SIGSTOP)
        await asyncio.sleep(scene.rng.uniform(0, 2 * scene.flow.session_s))
        worker.signal(signal.SIGCONT)


async def _come_and_go(scene: Scene) -> None:
    workers: Supervisor = scene.workers
    await workers.resize(_WORKERS + 1, scene.rng)
    await asyncio.sleep(scene.rng.uniform(0, scene.flow.session_s))
    await workers.resize(_WORKERS, scene.rng)


async def _crash(scene: Scene) -> None:
    [broker] = scene.ground.brokers
    broker.kill()
    await asyncio.sleep(scene.rng.uniform(0, scene.flow.session_s))
    broker.launch()
    await asyncio.to_thread(broker.await_ready)


async def _cut(scene: Scene) -> None:
    proxy: Proxy | None = scene.proxy
    assert proxy is not None
    async with proxy.cut():
        await asyncio.sleep(scene.rng.uniform(0, 2 * scene.flow.session_s))


async def _slow(scene: Scene) -> None:
    assert scene.proxy is not None
    async with scene.proxy.delay(scene.rng.uniform(0, 1)):
        await asyncio.sleep(scene.rng.uniform(0, 2 * scene.flow.session_s))


PROCESS_FAULTS: Final[tuple[Callable[[Scene], Awaitable[None]], ...]] = (_kill, _stand_still, _come_and_go)
"""Of the processes that a scene's supervisor keeps."""
WORLD_FAULTS: Final[tuple[Callable[[Scene], Awaitable[None]], ...]] = (_crash, _cut, _slow)
"""Of the broker and the network."""
