"""The partitions this worker owns: taken over, fed, ticked, committed and given up.

Taking over goes in this order, so that no two workers ever write for one partition: start the transactional producer
(fences the former owner), read the changelog to its end, go on where the meta row says.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faust.types import TP

from streams.evaluation.objective import Objective
from streams.evaluation.progress import PanesDoNotFitError
from streams.health.condition import Assigned, Condition
from streams.health.metrics import Metrics
from streams.intake.chunk import Chunk
from streams.intake.placement import partition_of
from streams.intake.transport import ChunkedRecords
from streams.kafka.connection import client_options
from streams.names import changelog
from streams.settings import Clock, Settings
from streams.tables.changelog import StateLostError, restore
from streams.tables.rows import UnreadableRowError
from streams.unit.beginning import SourceLostError, beginning, oldest_offset
from streams.unit.commit import Ledger
from streams.unit.exits import exit_on, refuse
from streams.unit.failpoints import Failpoint
from streams.unit.owned import Owned
from streams.unit.unit import COUNTS, GapError, Unit

log = logging.getLogger(__name__)

_TICK_S = 0.25
_RESTORES_AT_ONCE = 4
_COMMITS_AT_ONCE = 4
_RESTORED = "restored_rows"  # counted beside what the units count


class Partitions:
    """Implements `streams.intake.transport.Owner` for the worker.

    `seek` moves the reading position of an owned partition; it is the consumer's and set before the first chunk.
    """

    seek: Callable[[TP, int], Awaitable[None]]

    def __init__(self, settings: Settings, objectives: Sequence[Objective]) -> None:
        self._settings = settings
        self._objectives = objectives
        self._inputs = settings.topics.inputs
        self._failpoint = Failpoint(settings.fail)
        self._owned: dict[TP, asyncio.Task[Owned | None]] = {}
        self._restores = asyncio.Semaphore(_RESTORES_AT_ONCE)
        self._commits = asyncio.Semaphore(_COMMITS_AT_ONCE)
        self._has_joined = False
        # From nought, so that the first rejected record of a worker is a rise already.
        self._counts_of_released = {topic: Counter(dict.fromkeys((*COUNTS, _RESTORED), 0)) for topic in self._inputs}
        self.metrics = Metrics(self.condition)
        ChunkedRecords.topics.update(self._inputs)

    def condition(self) -> Condition:
        """How the worker is doing right now."""
        in_hand = dict(self._in_hand())
        counts = {topic: Counter(counts) for topic, counts in self._counts_of_released.items()}
        for tp, owned in in_hand.items():
            counts[tp.topic].update(owned.unit.counts)
        looks = {tp: owned.look() for tp, owned in in_hand.items()}
        partitions = tuple(Assigned(tp.topic, tp.partition, looks.get(tp)) for tp in sorted(self._owned))
        return Condition(time.monotonic(), self._has_joined, partitions, counts)

    # Taking over and letting go

    def take(self, assigned: Iterable[TP]) -> None:
        """Start to take over what was assigned; `apply` waits until it is done."""
        self._has_joined = True
        for tp in assigned:
            if tp not in self._owned and tp.topic in self._inputs:
                self._owned[tp] = asyncio.create_task(self._take_over(tp))

    async def _take_over(self, tp: TP) -> Owned | None:
        """None where the partition was revoked before its turn came: a rebalance waits for no more than has begun."""
        doing = f"taking over {_name(tp)}"
        metric = self._inputs[tp.topic]
        state_topic = changelog(self._settings.application_id, metric)
        try:
            async with self._restores:
                if self._owned.get(tp) is not asyncio.current_task():
                    return None
                started_s = time.monotonic()
                ledger = Ledger(self._settings, tp.topic, tp.partition, state_topic, self._failpoint)
                await ledger.open()
                state = await restore(self._settings, state_topic, tp.partition)
                meta = await beginning(self._settings, TopicPartition(*tp), state_topic, state.meta)
                unit = Unit(
                    metric,
                    self._settings.topics,
                    tp.partition,
                    self._home_of(tp, await ledger.partitions(tp.topic)),
                    self._objectives,
                    self._settings.allowed_lateness,
                    meta,
                    state.series,
                )
        except (StateLostError, SourceLostError, UnreadableRowError, PanesDoNotFitError) as problem:
            refuse(problem, doing)
        except Exception as problem:
            exit_on(problem, doing)
        took_s = time.monotonic() - started_s
        log.info("%s: %s series in %.1f s, going on at %s", doing, f"{len(state.series):,}", took_s, unit.next_offset)
        self.metrics.taken_over(tp.topic, took_s)
        self._counts_of_released[tp.topic][_RESTORED] += len(state.series)
        interval_s = self._settings.commit_interval / 1_000
        return Owned(unit, ledger, interval_s=interval_s, at_once=self._commits, metrics=self.metrics)

    def _home_of(self, tp: TP, partitions: int) -> Callable[[bytes], bool]:
        partitioner = self._settings.partitioner
        return lambda key: partition_of(key, partitions, partitioner) == tp.partition

    async def release(self, revoked: Iterable[TP]) -> None:
        """Commit the partitions' work and let go of them."""
        leaving = [self._owned.pop(tp) for tp in revoked if tp in self._owned]
        await asyncio.gather(*(self._let_go(task) for task in leaving))

    async def release_all(self) -> None:
        """Commit everything and let go of it: the worker is asked to stop."""
        await self.release(list(self._owned))

    async def _let_go(self, task: asyncio.Task[Owned | None]) -> None:
        owned = await task  # a take-over that has begun is ended properly: it holds a producer
        if owned is None:
            return
        await owned.leave()
        self._counts_of_released[owned.unit.topic].update(owned.unit.counts)

    def _in_hand(self) -> list[tuple[TP, Owned]]:
        done = [(tp, task.result()) for tp, task in self._owned.items() if task.done() and not task.cancelled()]
        return [(tp, owned) for tp, owned in done if owned is not None]

    # Chunks and ticks

    async def apply(self, tp: TP, chunk: Chunk) -> None:
        """Judge a chunk. One of a partition that was revoked since is dropped: its next owner reads it again."""
        task = self._owned.get(tp)
        if task is None:
            return
        owned = await asyncio.shield(task)
        if owned is None:
            return
        try:
            owned.unit.apply(chunk, _now_ms() if self._settings.clock is Clock.LIVE else None)
        except GapError:
            await self._close_gap(tp, owned.unit, chunk)
        except Exception as problem:
            exit_on(problem, f"judging {_name(tp)}")
        owned.hurry()
        await asyncio.sleep(0)  # commits and ticks have their turn

    async def _close_gap(self, tp: TP, unit: Unit, chunk: Chunk) -> None:
        """Read again what is missing before a chunk; what the log no longer holds is said and passed over."""
        expected = unit.next_offset
        try:
            oldest = await oldest_offset(self._settings, TopicPartition(*tp))
        except KafkaError as problem:
            exit_on(problem, f"looking for records {expected} to {chunk.start_offset - 1} of {_name(tp)}")
        if oldest > expected:
            log.error("%s: records %d to %d are gone from the log unread; going on", _name(tp), expected, oldest - 1)
            unit.next_offset = min(oldest, chunk.start_offset)
        log.warning("%s: reading again from %d", _name(tp), unit.next_offset)
        with contextlib.suppress(IllegalStateError):  # revoked meanwhile: its next owner reads it
            await self.seek(tp, unit.next_offset)

    async def watch(self) -> None:
        """Tell partitions that were read to their end what time it is, for as long as the worker lives.

        An end check speaks for the moment it was asked for: after a pause or a network cut, an old answer proves
        nothing. It asks for the high watermark: an open transaction hides records, so its edge is no end.
        """
        watcher = AIOKafkaConsumer(
            **client_options(self._settings), isolation_level="read_uncommitted", enable_auto_commit=False
        )
        await watcher.start()
        try:
            while True:
                await asyncio.sleep(_TICK_S)
                await self._look_for_ends(watcher)
        finally:
            await watcher.stop()

    async def _look_for_ends(self, watcher: AIOKafkaConsumer) -> None:
        in_hand = self._in_hand()
        if not in_hand:
            return
        asked_ms = _now_ms()
        try:
            end_offsets = await watcher.end_offsets([tp for tp, _ in in_hand])
        except (KafkaError, TimeoutError) as problem:
            log.warning("cannot see where the partitions end (%s); silence is not judged until that works", problem)
            return
        for tp, owned in in_hand:
            owned.end_offset = end_offsets[tp]
            if self._settings.clock is Clock.LIVE and owned.lag == 0:
                try:
                    owned.unit.tick(asked_ms)
                except Exception as problem:
                    exit_on(problem, f"judging {_name(tp)}")
                owned.hurry()

    # Commits

    async def commit(self) -> None:
        """Store all work done so far."""
        await asyncio.gather(*(owned.commit() for _, owned in self._in_hand()))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _name(tp: TP) -> str:
    return f"{tp.topic}[{tp.partition}]"
