"""Brokers that end, and a network that fails."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final

from streams.broker import EmbeddedKafka
from tests.faults.fault import Inject
from tests.faults.proxy import Proxy
from tests.faults.scene import Scene

_LONGEST_OUTAGE_S: Final = 10


def broker_crashes(times: int) -> Inject:
    """The broker is killed, and started again some seconds later."""

    async def inject(scene: Scene) -> int:
        [broker] = scene.ground.brokers
        for number in range(times):
            if number:
                await scene.until_read()
            broker.kill()
            await asyncio.sleep(scene.rng.uniform(0, _LONGEST_OUTAGE_S))
            await _start(broker)
        return times

    return inject


async def rolling_bounce(scene: Scene) -> int:
    """One broker after the other is stopped and started, one of them the hard way."""
    crashing = scene.rng.choice(scene.ground.brokers)
    for broker in scene.ground.brokers:
        await asyncio.to_thread(broker.kill if broker is crashing else broker.stop)
        await _start(broker)
    return len(scene.ground.brokers)


async def _start(broker: EmbeddedKafka) -> None:
    broker.launch()  # from this thread: it ends with the one that starts it
    await asyncio.to_thread(broker.await_ready)


def network(failure: Callable[[Proxy], AbstractAsyncContextManager[None]], duration_s: float) -> Inject:
    """The network between workers and broker fails for a while."""

    async def inject(scene: Scene) -> int:
        assert scene.proxy is not None
        async with failure(scene.proxy):
            await asyncio.sleep(duration_s)
        return 1

    return inject
