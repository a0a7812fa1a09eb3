"""Clocks that are wrong: one worker's, by an hour, and one producer's, on topics where the time is the broker's."""

import random
import time
from collections import Counter
from typing import Final

from infra.faketime import FaketimeUnavailableError, wrong_clock
from schemas.event_time import utc_text
from tests.e2e.flow import Flow
from tests.faults.fault import Inject
from tests.faults.row import LeftOutError
from tests.faults.scene import Scene
from tests.faults.sources import told_by_a_clock
from tests.model import Record
from tests.model.generate import HOUR_MS
from tests.waiting import wait_for

WRONG_CLOCK_PROGRAM: Final = ("tests.faults.wrong_clock",)
_ALERTS: Final = 6
_ALERTS_TIMEOUT_S: Final = 180
_FAST_ONE_IN: Final = 20


def one_worker_is_off(shift: str) -> Inject:
    """One of the workers has a clock that is wrong: what it judges is judged by the brokers' all the same."""

    async def inject(scene: Scene) -> int:
        try:
            environment = wrong_clock(shift, print)
        except FaketimeUnavailableError as reason:
            raise LeftOutError(str(reason)) from None
        begun = utc_text(_now_ms())
        scene.worker_settings = lambda: environment
        wrong = scene.workers.running[0]
        wrong.kill()
        started = len(scene.flow.workers)

        async def is_replaced() -> bool:
            return len(scene.flow.workers) > started

        await wait_for(is_replaced, _ALERTS_TIMEOUT_S, "the worker with the wrong clock to start")
        scene.worker_settings = dict
        await scene.workers.all_at_work()
        wrong = scene.flow.workers[started]
        await wrong.says("the clock of this machine is 3600 s ")
        await _published(scene, _ALERTS)
        times = [alert["time"] for alerts in (await scene.flow.alerts()).values() for alert in alerts]
        assert max(times) <= utc_text(_now_ms()), f"an alert of the future: {max(times)}"
        assert sum(at >= begun for at in times) >= _ALERTS, "hardly an alert since then: that proves nothing"
        assert await _reasons(scene) <= {"misplaced"}, "honest events were rejected"
        return 1

    return inject


async def one_producer_is_fast(scene: Scene) -> int:
    """Every twentieth record is told by a clock that is an hour ahead: it is refused, and makes nobody late."""
    await _published(scene, _ALERTS)
    assert await _reasons(scene) == {"future_time"}
    return sum((await _rejected(scene)).values())


def some_told_an_hour_ahead(rng: random.Random, flow: Flow, now_ms: int) -> list[Record]:
    """Deliveries as they happen, and among them those of a producer whose clock is fast."""
    honest = told_by_a_clock()(rng, flow, now_ms)
    fast = rng.choice(told_by_a_clock(HOUR_MS)(rng, flow, now_ms))
    honest.insert(rng.randrange(len(honest)), fast)
    return honest


async def _published(scene: Scene, more: int) -> None:
    """Wait until so many more alerts were published."""

    async def count() -> int:
        return sum(map(len, (await scene.flow.alerts()).values()))

    before = await count()

    async def is_enough() -> bool:
        return await count() >= before + more

    await wait_for(is_enough, _ALERTS_TIMEOUT_S, f"{more} more alerts", scene.workers.running)


async def _rejected(scene: Scene) -> Counter[str]:
    return Counter(reason for *_, reason in await scene.flow.rejected())


async def _reasons(scene: Scene) -> set[str]:
    return set(await _rejected(scene))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
