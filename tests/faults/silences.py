"""Answers that never come: the worker looks well, and does nothing. It has to end, and costs nothing."""

from collections.abc import Awaitable, Callable
from typing import Final

from streams.exits import ExitCode
from tests.faults.scenario import Stage
from tests.faults.verdict import verdict
from tests.model import Record
from tests.model.generate import HOUR_MS, START_MS, random_log

_RECORDS: Final = 800
_SPAN_MS: Final = 12 * HOUR_MS
_WATCHDOG: Final = {"SLO_WATCHDOG": "8s"}

Story = Callable[[Stage], Awaitable[None]]


def never_ends(step: str, said: str) -> Story:
    """A worker of which a step never ends is ended; another one goes on where it stood."""

    async def story(stage: Stage) -> None:
        flow = stage.flow
        await flow.create_topics()
        await flow.produce(_log(stage, 0))
        broken = flow.start_worker(program=("tests.faults.broken_worker", step), **_WATCHDOG)
        assert await broken.end() == ExitCode.BROKEN, broken.log
        assert said in broken.log, broken.log
        stage.outcome.exits = {ExitCode.BROKEN: 1}
        await _come_right(stage)

    return story


async def reference_deleted(stage: Stage) -> None:
    """The topic of exclusions is deleted under a worker: nothing may be judged without it."""
    flow = stage.flow
    await flow.create_topics()
    await flow.produce(_log(stage, 0))
    worker = flow.start_worker(**_WATCHDOG)
    await flow.wait_until_read()
    await flow.delete_topic(flow.topics.exclusions)
    await flow.produce(_log(stage, 1))
    assert await worker.end() == ExitCode.BROKEN, worker.log
    assert "catalogue and exclusions could not be read to their end for" in worker.log, worker.log
    stage.outcome.exits = {ExitCode.BROKEN: 1}
    await _come_right(stage)


async def _come_right(stage: Stage) -> None:
    flow = stage.flow
    await flow.produce(flow.closing_records(START_MS + 3 * _SPAN_MS))
    worker = flow.start_worker()
    await flow.wait_until_read()
    assert await worker.stop() == ExitCode.DONE
    stage.outcome.verdict = said = await verdict(flow)
    assert said.alerts, "no alert was published: that proves nothing"
    assert said.problem is None, said.problem


def _log(stage: Stage, number: int) -> list[Record]:
    start_ms = START_MS + number * _SPAN_MS
    return stage.flow.place(random_log(stage.rng.getrandbits(32), _RECORDS, partitions=4, start_ms=start_ms))
