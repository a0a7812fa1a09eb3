"""A partition in this worker's hands: its unit, where its commits go, and when they are made."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, Generic, NoReturn

from streams.health.condition import PartitionCondition
from streams.health.metrics import Metrics
from streams.kafka.chunk import Chunk, Stamp
from streams.names import name_of
from streams.ownership.endings import Endings
from streams.ownership.offset_watch import OffsetWatch
from streams.ownership.pace import Pace, is_behind
from streams.ownership.rejection_brake import RejectionBrake
from streams.ownership.seams import ProcessorT, Steps
from streams.ownership.takeover import TakenOver
from streams.turn import Turn

_JUST_NOW_S: Final = 1.0
_LOOK_AGAIN_S: Final = 0.5  # behind a backlog, which may end


class Owned(Generic[ProcessorT]):
    """Commits a processor's work from the moment it is taken over until it leaves.

    `end_offset` is the partition's end as it was last seen, asked for at `end_asked_s`, `offset_watch` what the looks
    at it told. `settled_s`: when none of its work waited for a commit for the last time. Moments are of the monotonic
    clock. `at_once` lets only so many commits of a worker run side by side, of all its partitions, which `partitions`
    counts; `audit` is work that gives the processor something to commit beside its records; `now_ms` tells the time to
    measure delays by.
    """

    def __init__(
        self,
        taken: TakenOver[ProcessorT],
        brake: RejectionBrake,
        *,
        pace: Pace,
        partitions: Callable[[], int],
        at_once: asyncio.Semaphore,
        metrics: Metrics,
        endings: Endings,
        now_ms: Callable[[], int],
        audit: Coroutine[Any, Any, None] | None = None,
    ) -> None:
        self.processor = taken.processor
        self.end_offset: int | None = None
        self.end_asked_s = 0.0
        self.offset_watch = OffsetWatch()
        self.settled_s = time.monotonic()
        self._store = taken.store
        self._mark = taken.mark
        self._brake = brake
        self._pace = pace
        self._partitions = partitions
        self._sleeps_until_s = 0.0
        self._at_once = at_once
        self._metrics = metrics
        self._endings = endings
        self._now_ms = now_ms
        self._lock = asyncio.Lock()
        self._whole = asyncio.Lock()  # whoever has it may change the processor, and leaves it whole
        self._wake = asyncio.Event()
        self._leaving = asyncio.Event()
        self._committer = asyncio.create_task(self._keep_committing())
        self._auditor = None if audit is None else asyncio.create_task(self._keep_auditing(audit))

    @property
    def lag(self) -> int | None:
        """Records between what was applied and the end as it was last seen; None until that is known."""
        if self.end_offset is None:
            return None
        return max(0, self.end_offset - self.processor.next_offset)

    def look(self) -> PartitionCondition:
        """How it is doing."""
        moved_s = max(self.settled_s, self._store.progressed_s)
        return PartitionCondition(moved_s, self.lag, self.processor.look())

    def came_just_now(self, stamp: Stamp, seen_s: float) -> bool:
        """Whether a batch was appended little before it was seen: it lay behind the end that was just asked for."""
        is_new = self.end_offset is not None and stamp.offset >= self.end_offset
        return is_new and seen_s - self.end_asked_s < _JUST_NOW_S

    async def apply(self, chunk: Chunk, clock_ms: int | None) -> None:
        """Take in a chunk, or as much of it as is whole when the partition leaves: its next owner reads on there.

        Raises:
            GapError: what comes before it is missing.
        """
        steps, is_more = self.processor.apply(chunk, clock_ms), True
        while is_more and not self._leaving.is_set():
            async with self._whole:
                is_more = await self._go_on(steps)
            self.hurry()
            await self._make_room()
            await asyncio.sleep(0)  # commits and ticks have their turn

    async def tick(self, clock_ms: int) -> bool:
        """Nothing more was in the log at this time, unless more was taken in since its end was seen.

        Returns whether that is all said and done.
        """
        is_done = False
        async with self._whole:
            if self._is_at_end:
                is_done = not await self._go_on(self.processor.tick(clock_ms))
        self.hurry()
        return is_done

    async def reached_end(self) -> None:
        """It was read to its end, and is judged as far as it can be."""
        async with self._whole:
            if self._is_at_end:
                self.processor.reached_end()
        self.hurry()

    @property
    def _is_at_end(self) -> bool:
        return self.processor.next_offset == self.end_offset and not self._leaving.is_set()

    async def _go_on(self, steps: Steps) -> bool:
        """Do some milliseconds of work, and to where it is whole, in turns; whether there is more."""
        turn = Turn()
        try:
            for is_whole in steps:
                if is_whole and (turn.is_over or self.processor.is_full):
                    return True
                await turn.give_way()
        except asyncio.CancelledError:  # the reader is stopped: what it began is not left half done
            while not next(steps, True):
                pass
            raise
        finally:
            self._pace.worked(turn.worked_s)
        return False

    def hurry(self) -> None:
        """Do not wait any longer than what was done may."""
        unit = self.processor
        self._pace.did(time.monotonic(), self.lag, is_urgent=unit.is_urgent, has_news=unit.has_news)
        if self._due_s() < self._sleeps_until_s:
            self._wake.set()

    def _due_s(self) -> float:
        due_in_s = (self.processor.next_due_ms - self._now_ms()) / 1_000
        return self._pace.due_s(self.lag, time.monotonic() + due_in_s)

    async def _make_room(self) -> None:
        """Commit before more comes, where much has changed."""
        if self.processor.is_full:
            await asyncio.shield(self.commit())  # a stopped reader must not stop what is half stored

    async def leave(self) -> object:
        """Commit what is left, and let go; the mark of the last commit."""
        self._leaving.set()
        self._wake.set()
        if self._auditor is not None:
            self._auditor.cancel()
            await asyncio.wait([self._auditor])
        await self._committer
        await self.commit()
        await self._store.close()
        return self._mark

    async def _keep_auditing(self, audit: Coroutine[Any, Any, None]) -> None:
        try:
            await audit
        except Exception as problem:
            self._endings.on(problem, f"auditing beside {name_of(self.processor.topic, self.processor.partition)}")

    async def _keep_committing(self) -> None:
        """Commit whenever it is due, until the partition leaves."""
        self.hurry()
        while not self._leaving.is_set():
            await self._until_due()
            await self.commit()

    async def _until_due(self) -> None:
        while (left_s := self._due_s() - time.monotonic()) > 0 and not self._leaving.is_set():
            left_s = min(left_s, _LOOK_AGAIN_S) if is_behind(self.lag) else left_s
            self._sleeps_until_s = time.monotonic() + left_s
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._wake.wait()

    async def commit(self) -> None:
        """Store all that was done so far."""
        async with self._lock, self._at_once:
            async with self._whole:
                started_s = time.perf_counter()
                try:
                    await self._go_on(self.processor.gather())
                    work = self.processor.take_work()
                except Exception as problem:
                    self._end(problem)
                self._pace.taken()
                gathering_s = time.perf_counter() - started_s  # chunks were kept waiting
            if work is not None:
                with self._or_end():
                    self._brake.look(time.monotonic(), self.processor.counts)
                    self._mark = await self._store.write(work)
            self.settled_s = time.monotonic()
            if work is None:
                self._pace.nothing_to_store(self.settled_s)
                return
            took_s = time.perf_counter() - started_s
            self._pace.stored(self.settled_s, took_s, gathering_s, self._partitions())
            now_ms = self._now_ms()
            delays_s = [(now_ms - due_ms) / 1_000 for due_ms in work.due_ms]
            self._metrics.committed(self.processor.topic, took_s, delays_s)

    @contextlib.contextmanager
    def _or_end(self) -> Iterator[None]:
        """Nobody can tell what is stored when a commit fails, whatever stopped it."""
        try:
            yield
        except BaseException as problem:
            self._end(problem)

    def _end(self, problem: BaseException) -> NoReturn:
        self._endings.on(problem, f"committing {name_of(self.processor.topic, self.processor.partition)}")
