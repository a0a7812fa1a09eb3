"""Workers that are killed: at any step of a commit, and while they restore."""

import asyncio
import random
import signal
from typing import Final

import orjson

from streams.names import WEBHOOK, Topics
from streams.unit.failpoints import Step
from tests.e2e.flow import Flow, WorkerProcess
from tests.faults.scene import Scene
from tests.model import Record, murmur2_partition
from tests.waiting import wait_for

_EACH_TIMEOUT_S: Final = 120
_COMMITS: Final = 12  # before the one that ends a worker, at most
_LONGEST_LIFE_S: Final = 5.0  # about what a worker takes to start, take over and commit for the first times
_SERIES: Final = 20_000
_BAD_ONE_IN: Final = 20
_KILLS_IN_RESTORE: Final = 4


async def at_commit_steps(scene: Scene) -> int:
    """Every worker ends at a random step of one of its commits, until there were enough."""

    def failing() -> dict[str, str]:
        return {"SLO_FAIL": f"{scene.rng.choice([*Step])}:{scene.rng.randint(1, _COMMITS)}"}

    scene.worker_settings = failing
    for worker in scene.workers.running:
        worker.kill()
    started = len(scene.flow.workers)

    async def enough() -> bool:
        return sum(_was_killed(worker) for worker in scene.flow.workers[started:]) >= scene.amounts.kills

    await wait_for(enough, scene.amounts.kills * _EACH_TIMEOUT_S, "workers to end at a failpoint")
    scene.worker_settings = dict
    return scene.amounts.kills


def _was_killed(worker: WorkerProcess) -> bool:
    return worker.exit_code == -signal.SIGKILL


async def at_any_moment(scene: Scene) -> int:
    """One worker after the other is killed, each some random time after it was started."""
    for _ in range(scene.amounts.kills):
        await asyncio.sleep(scene.rng.uniform(0, _LONGEST_LIFE_S))
        if scene.workers.running:
            scene.rng.choice(scene.workers.running).kill()
    return scene.amounts.kills


async def in_restore(scene: Scene) -> int:
    """The only worker is killed again and again when it has taken over some of its partitions, and restores others."""
    flow = scene.flow
    series = [_delivery(number, scene.rng, flow, scene.traffic.now_ms) for number in range(_SERIES)]
    await flow.produce(flow.place(series))
    await scene.until_read()
    injected = 0
    while injected < _KILLS_IN_RESTORE:
        before = len(flow.workers)
        scene.workers.running[0].kill()
        enough = scene.rng.randrange(1, len(flow.input_partitions))

        async def restores(before: int = before, enough: int = enough) -> bool:
            return len(flow.workers) > before and _taken_over(flow.workers[-1]) >= enough

        await wait_for(restores, _EACH_TIMEOUT_S, "the next worker to restore")
        injected += _taken_over(flow.workers[-1]) < len(flow.input_partitions)
    scene.workers.running[0].kill()
    return injected


def _taken_over(worker: WorkerProcess) -> int:
    return worker.log.count("going on at")


def deliveries(rng: random.Random, flow: Flow, now_ms: int) -> list[Record]:
    """A source of events of the series that `in_restore` makes; a second of traffic is about one of event time."""
    return [_delivery(rng.randrange(_SERIES), rng, flow, now_ms + 12 * place) for place in range(500)]


def _delivery(number: int, rng: random.Random, flow: Flow, time_ms: int) -> Record:
    app = f"com.example.app-{number}"
    value = {
        "appKey": app,
        "time": time_ms,
        "product": "Jira",
        "clientKey": "client",
        "event": "issue_created",
        "statusCode": 500 if rng.randrange(_BAD_ONE_IN) == 0 else 200,
    }
    partition = murmur2_partition(app.encode(), flow.partitions)
    return Record(Topics().input(WEBHOOK), partition, app.encode(), orjson.dumps(value), time_ms)
