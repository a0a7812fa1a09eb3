"""Workers that only seem dead, and workers that come and go."""

import asyncio
import signal
from contextlib import suppress
from typing import Final

from tests.faults.scene import Scene
from tests.faults.traffic import REPEATED_ONE_IN
from tests.waiting import wait_for

_ZOMBIES: Final = 3
_AWAKE_S: Final = 10
_EVENTS: Final = 2_000
_EVENTS_TIMEOUT_S: Final = 180
_STORM_CHANGES: Final = 10
_CHANGE_EVERY_S: Final = 5


async def zombies(scene: Scene) -> int:
    """A worker stands still until its partitions have gone to another one, then goes on as if nothing had been."""
    for _ in range(_ZOMBIES):
        await scene.workers.all_at_work()
        await scene.flow.wait_for_commits()
        zombie = scene.rng.choice(scene.workers.running)
        zombie.signal(signal.SIGSTOP)
        await asyncio.sleep(scene.flow.session_s)  # then the broker declares it dead
        await scene.until_read()
        zombie.signal(signal.SIGCONT)
        with suppress(TimeoutError):  # one without unfinished work notices nothing but a rebalance
            await zombie.end(_AWAKE_S)
    return _ZOMBIES


async def storm(scene: Scene) -> int:
    """Two to four workers, another number of them every few seconds."""
    size = 2
    committed = sum((await scene.flow.committed()).values())
    for _ in range(_STORM_CHANGES):
        size = scene.rng.choice([other for other in (2, 3, 4) if other != size])
        await scene.workers.resize(size, scene.rng)
        await asyncio.sleep(_CHANGE_EVERY_S)
    assert sum((await scene.flow.committed()).values()) > committed, "no progress during the storm"
    return _STORM_CHANGES


async def nothing(scene: Scene) -> int:
    """The fault is in the events themselves: let them flow."""

    async def enough() -> bool:
        return scene.traffic.produced >= _EVENTS

    await wait_for(enough, _EVENTS_TIMEOUT_S, "events to flow", scene.workers.running)
    return scene.traffic.produced // REPEATED_ONE_IN
