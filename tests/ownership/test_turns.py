"""Work in turns: others come in between, and whatever they are, they see a boundary as a whole or not at all."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from streams.evaluation import evaluator
from streams.health.condition import Condition
from streams.health.metrics import Metrics
from streams.kafka.chunk import SLICE_RECORDS, Chunk
from streams.names import WEBHOOK, Topics
from streams.ownership import owned as owned_module
from streams.ownership.endings import Endings
from streams.ownership.owned import Owned
from streams.ownership.pace import Pace
from streams.ownership.rejection_brake import RejectionBrake
from streams.ownership.takeover import TakenOver
from streams.reference.reference import Reference
from streams.turn import finish
from streams.unit.unit import AmidBoundaryError, Unit
from streams.unit.work import Work
from tests.build import APPLICATION, NEW, chunk
from tests.laws.beside import TOPICS
from tests.laws.broker import Broker
from tests.model import Record
from tests.model.build import DEFAULTS, clock_ms, delivery
from tests.ownership.test_partitions import ended

APPS = [f"app-{number:02d}" for number in range(20)]
BREACHING = [delivery("12:00:30", 500, app=app) for app in APPS]
PAST_A_BOUNDARY = delivery("12:01:10", app=APPS[0])


class Turns:
    """In place of a clock: every turn is over at once, and what is to be done in the next one is done in it."""

    worked_s = 0.0

    def __init__(self) -> None:
        self.given = 0
        self.meanwhile: Callable[[int], None] = lambda _number: None

    @property
    def is_over(self) -> bool:
        return True

    async def give_way(self) -> None:
        self.given += 1
        self.meanwhile(self.given)
        await asyncio.sleep(0)


class KeptInMemory:
    """A store that nothing can go wrong with."""

    def __init__(self) -> None:
        self.broker = Broker()
        self.progressed_s = 0.0

    async def write(self, work: Work) -> object:
        await asyncio.sleep(0)
        self.broker.store(work)
        return self.broker.commits

    async def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    """Every series judged is a step, every step a turn."""
    found = Turns()
    monkeypatch.setattr(evaluator, "SERIES_A_STEP", 1)
    monkeypatch.setattr(owned_module, "Turn", lambda: found)
    return found


def new_unit() -> Unit:
    return Unit(
        WEBHOOK, Topics(), APPLICATION, 0, lambda _key: True, list(DEFAULTS.values()), 10_000, Reference(TOPICS), NEW
    )


@contextmanager
def ready(unit: Unit) -> Iterator[tuple[Owned[Unit], Broker]]:
    """A partition whose commits are made when the test says so, or an alert waits."""
    store: Any = KeptInMemory()
    owned = Owned(
        TakenOver(unit, store, 0, restored=False),
        RejectionBrake(0, 95),
        pace=Pace(time.monotonic(), 1_000.0, 1_000.0),
        partitions=lambda: 1,
        at_once=asyncio.Semaphore(1),
        metrics=Metrics(lambda: Condition(0.0, True, (), {})),
        endings=Endings(ended),
        now_ms=lambda: 0,
    )
    yield owned, store.broker
    owned._committer.cancel()


def of(*records: Record, start: int = 0) -> Chunk:
    return chunk(*records, start=start)


def test_a_commit_amid_a_boundary_waits_until_it_is_whole(turns: Turns) -> None:
    async def scenario() -> None:
        with ready(new_unit()) as (owned, broker):
            await owned.apply(of(*BREACHING), None)
            commits: list[asyncio.Task[None]] = []
            turns.meanwhile = lambda number: commits.append(asyncio.create_task(owned.commit()))
            await owned.apply(of(PAST_A_BOUNDARY, start=len(APPS)), None)
            assert len(commits) >= len(APPS), "there were as many chances to see half of it"
            await asyncio.gather(*commits)
            assert (broker.commits, broker.meta and broker.meta.next_offset) == (1, len(APPS) + 1)
            assert [alert["appKey"] for alert in broker.alerts] == APPS

    asyncio.run(scenario())


def test_a_tick_amid_a_boundary_judges_after_it(turns: Turns) -> None:
    async def scenario() -> None:
        with ready(new_unit()) as (owned, broker):
            await owned.apply(of(*BREACHING), None)
            owned.end_offset = len(APPS) + 1
            ticks: list[asyncio.Task[bool]] = []

            def tick(_number: int) -> None:
                if not ticks:
                    ticks.append(asyncio.create_task(owned.tick(clock_ms("12:17:10"))))

            turns.meanwhile = tick
            await owned.apply(of(PAST_A_BOUNDARY, start=len(APPS)), None)
            await asyncio.gather(*ticks)
            await owned.commit()
            assert [alert["type"] for alert in broker.alerts] == ["BREACH"] * 20 + ["RECOVERY"] * 20

    asyncio.run(scenario())


def test_a_partition_that_is_revoked_amid_a_boundary_leaves_with_all_of_it(turns: Turns) -> None:
    async def scenario() -> None:
        with ready(new_unit()) as (owned, broker):
            await owned.apply(of(*BREACHING), None)
            leaving: list[asyncio.Task[object]] = []

            def revoke(number: int) -> None:
                if number == len(APPS) // 2:
                    leaving.append(asyncio.create_task(owned.leave()))

            turns.meanwhile, turns.given = revoke, 0
            behind = [delivery("12:01:20", app=APPS[1])] * (3 * SLICE_RECORDS)
            await owned.apply(of(PAST_A_BOUNDARY, *behind, start=len(APPS)), None)
            await leaving[0]
            assert [alert["appKey"] for alert in broker.alerts] == APPS
            assert owned.processor.next_offset == len(APPS) + SLICE_RECORDS, "the rest is for the next owner"
            assert (broker.meta and broker.meta.next_offset) == owned.processor.next_offset

    asyncio.run(scenario())


def test_a_reader_that_is_stopped_amid_a_boundary_leaves_it_whole(turns: Turns) -> None:
    async def scenario() -> None:
        with ready(new_unit()) as (owned, broker):
            await owned.apply(of(*BREACHING), None)
            reader = asyncio.create_task(owned.apply(of(PAST_A_BOUNDARY, start=len(APPS)), None))

            def stop(number: int) -> None:
                if number == 3:
                    reader.cancel()

            turns.meanwhile, turns.given = stop, 0
            with suppress(asyncio.CancelledError):
                await reader
            assert reader.cancelled()
            await owned.commit()
            assert [alert["appKey"] for alert in broker.alerts] == APPS

    asyncio.run(scenario())


def test_a_long_chunk_is_committed_on_the_way(turns: Turns) -> None:
    async def scenario() -> None:
        with ready(new_unit()) as (owned, broker):
            some = [delivery("12:00", app=APPS[0])] * (4 * SLICE_RECORDS)
            commits: list[asyncio.Task[None]] = []

            async def commit_now_and_then() -> None:
                while owned.processor.next_offset < len(some):
                    commits.append(asyncio.create_task(owned.commit()))
                    await asyncio.sleep(0)

            await asyncio.gather(owned.apply(of(*some), None), commit_now_and_then())
            await asyncio.gather(*commits)
            assert broker.commits > 1
            assert broker.meta is not None
            assert broker.meta.next_offset % SLICE_RECORDS == 0

    asyncio.run(scenario())


def test_a_unit_that_is_not_whole_hands_nothing_over(turns: Turns) -> None:
    unit = new_unit()
    finish(unit.apply(of(*BREACHING), None))
    steps = unit.apply(of(PAST_A_BOUNDARY, start=len(APPS)), None)
    assert not next(steps)
    with pytest.raises(AmidBoundaryError):
        unit.take_work()
    finish(steps)
    work = unit.take_work()
    assert work is not None
    assert len(list(work.alerts)) == 2 * len(APPS)
