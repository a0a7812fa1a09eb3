"""A long run under random faults: memory stays flat, and what was not yet read stays bounded."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Final

from tests.faults.flat import Flat
from tests.faults.proxy import Proxy
from tests.faults.scene import Scene
from tests.faults.supervisor import Supervisor

PAUSE_S: Final = 12.0
"""At most between two faults."""


async def soak(scene: Scene) -> int:
    """One fault after the other for as long as asked for, each of a random kind; then memory and lag are judged."""
    assert scene.proxy is not None
    faults = (*PROCESS_FAULTS, *WORLD_FAULTS)
    injected = 0
    until_s = time.monotonic() + scene.amounts.soak_s
    flat = Flat(scene.flow, [scene.workers])
    looking = asyncio.create_task(flat.look())
    try:
        while time.monotonic() < until_s:
            await scene.rng.choice(faults)(scene)
            injected += 1
            await asyncio.sleep(scene.rng.uniform(0, PAUSE_S))
    finally:
        looking.cancel()
    await scene.until_read()
    scene.figures |= flat.judge()
    return injected


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
    before = workers.size
    await workers.resize(before + 1, scene.rng)
    await asyncio.sleep(scene.rng.uniform(0, scene.flow.session_s))
    await workers.resize(before, scene.rng)


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


ENDS: Final[tuple[Callable[[Scene], Awaitable[None]], ...]] = (_kill, _stand_still)
"""Of a process that a scene's supervisor keeps."""
PROCESS_FAULTS: Final[tuple[Callable[[Scene], Awaitable[None]], ...]] = (*ENDS, _come_and_go)
"""The same, and one more or less of them."""
WORLD_FAULTS: Final[tuple[Callable[[Scene], Awaitable[None]], ...]] = (_crash, _cut, _slow)
"""Of the broker and the network."""
