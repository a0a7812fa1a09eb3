"""The partitions this worker owns: taken over, fed, committed and given up."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable
from math import inf
from typing import Any, Final, Generic

from faust.types import TP

from streams.health.condition import Assigned, Condition, ContactCondition
from streams.health.counts import RESTORED_ROWS, Count
from streams.health.metrics import Metrics
from streams.kafka.brokers import Brokers
from streams.kafka.chunk import Chunk
from streams.kafka.contact import Contact
from streams.names import name_of
from streams.ownership.clock import WorkerClock
from streams.ownership.endings import Endings
from streams.ownership.ends import Ends
from streams.ownership.gaps import Gaps
from streams.ownership.owned import Owned
from streams.ownership.pace import SHORTEST_S, Pace
from streams.ownership.rejection_brake import RejectionBrake
from streams.ownership.retained import RetainedState
from streams.ownership.seams import GapError, ProcessorT, Standby
from streams.ownership.takeover import TakeOver
from streams.reference.follower import Follower
from streams.settings import Settings

log = logging.getLogger(__name__)

TAKE_OVERS_AT_ONCE: Final = 16
_COMMITS_AT_ONCE = 4

Audit = Callable[[ProcessorT, Metrics], Coroutine[Any, Any, None] | None]


def _nothing_beside(_processor: object, _metrics: Metrics) -> None:
    """Most partitions need nothing beside their records."""


class Partitions(Generic[ProcessorT]):
    """Implements `streams.kafka.transport.Owner` for a service.

    `gaps.reading` is to be set before the first chunk; `ends` and `brokers` are to be watched, `reference` to be
    followed, and `standby`, where there is one, to be run, as long as the worker lives. `contact` is where its consumer
    notes what it hears, `waits_for` what keeps it from starting, in words; `has_begun` is set with the first partition
    that is taken over.
    """

    def __init__(
        self,
        settings: Settings,
        take_over: TakeOver[ProcessorT],
        reference: Follower,
        *,
        topics: Collection[str],
        counts: Collection[Count],
        endings: Endings,
        audit: Audit[ProcessorT] = _nothing_beside,
        shortest_s: float = SHORTEST_S,
        standby: Standby | None = None,
    ) -> None:
        """`topics` are those whose partitions are owned, `counts` all that a processor counts, to begin from nought.

        `audit` gives what is to be done beside a partition for as long as it is owned; `shortest_s` is how long work
        waits at least that nobody waits for; `standby` reads along what others have.
        """
        self._settings = settings
        self._topics = frozenset(topics)
        self.reference = reference
        self._take_over = take_over
        self._endings = endings
        self._audit = audit
        self._shortest_s = shortest_s
        self._longest_s = min(settings.commit_interval, settings.watchdog_ms / 2) / 1_000
        self.standby = standby
        self._owned: dict[TP, asyncio.Task[Owned[ProcessorT]]] = {}
        self._leaving: dict[TP, Owned[ProcessorT]] = {}
        self._retained: RetainedState[ProcessorT] = RetainedState()
        self._take_overs = asyncio.Semaphore(TAKE_OVERS_AT_ONCE)
        self._commits = asyncio.Semaphore(_COMMITS_AT_ONCE)
        self._has_joined = False
        # From nought, so that the first rejected record of a worker is a rise already.
        self._counts_of_released = {topic: Counter(dict.fromkeys((*counts, RESTORED_ROWS), 0)) for topic in topics}
        self.metrics = Metrics(self.condition)
        self.clock = WorkerClock(settings.clock)
        self.contact = Contact()
        self.brokers = Brokers(settings)
        self.waits_for: str | None = None
        self.has_begun = asyncio.Event()
        self.gaps = Gaps(settings, endings)
        self.ends = Ends(settings, topics, self._ready, self.gaps, reference, self.clock, endings)

    def condition(self) -> Condition:
        """How the worker is doing right now."""
        ready = dict(self._ready())
        counts = {topic: Counter(counts) for topic, counts in self._counts_of_released.items()}
        for tp, owned in (*ready.items(), *self._leaving.items()):  # counters never fall
            counts[tp.topic].update(owned.processor.counts)
        looks = {tp: owned.look() for tp, owned in ready.items()}
        partitions = tuple(Assigned(tp.topic, tp.partition, looks.get(tp)) for tp in sorted(self._owned))
        now_s = time.monotonic()
        contact = self._contact(now_s)
        return Condition(now_s, self._has_joined, partitions, counts, contact, self.clock.look(), self.waits_for)

    def _contact(self, now_s: float) -> ContactCondition:
        """Nobody answers while the brokers are away: what is waited for is waited for since they came back."""

        def age_s(since_s: float | None) -> float:
            return 0.0 if since_s is None else now_s - max(since_s, self.brokers.back_s)

        return ContactCondition(
            age_s(self.contact.heard_s),
            age_s(self.contact.asked_s),
            age_s(self.reference.waits_since_s),
            self.brokers.away_s,
        )

    # Taking over and letting go

    def take(self, assigned: Iterable[TP]) -> None:
        """Start to take over what was assigned; forget the state of what was not."""
        self._has_joined = True
        ours = {tp for tp in assigned if tp.topic in self._topics}
        self._retained.keep_only(ours)
        # First those that need not be read: they go on at once.
        for tp in sorted(ours - self._owned.keys(), key=lambda tp: (tp not in self._retained, tp.partition, tp.topic)):
            self._owned[tp] = asyncio.create_task(self._own(tp))

    @property
    def count(self) -> int:
        """How many are assigned, those among them that are being taken over."""
        return len(self._owned)

    @property
    def stands_by(self) -> bool:
        """Whether the state of others' partitions is kept at hand."""
        return self.standby is not None

    def stand_by(self, theirs: Collection[TP], ours: Collection[TP]) -> None:
        """Keep the state of these partitions of others at hand; `ours` are about to be taken over."""
        if self.standby is not None:
            self.standby.follow(theirs, ours)

    async def _own(self, tp: TP) -> Owned[ProcessorT]:
        async with self._take_overs:
            await self.reference.catch_up()
            # One that stood still would fence its heirs. What the group says is that the partitions stay, or that they
            # are revoked, which ends this.
            await self.contact.heard_within(self._settings.session_timeout / 1_000)
            started_s = time.monotonic()
            taken = await self._take_over.run(tp, self._retained)
        took_s = time.monotonic() - started_s
        how = "restored" if taken.restored else "kept"
        series, next_offset = taken.processor.look().series, taken.processor.next_offset
        log.info("%s: %s %s series in %.1f s, going on at %s", name_of(*tp), how, f"{series:,}", took_s, next_offset)
        self.metrics.taken_over(tp.topic, took_s)
        self._counts_of_released[tp.topic][RESTORED_ROWS] += series if taken.restored else 0
        self.has_begun.set()
        return Owned(
            taken,
            RejectionBrake(self._settings.brake_records, self._settings.brake_percent),
            pace=Pace(time.monotonic(), self._longest_s, self._shortest_s),
            partitions=lambda: self.count,
            at_once=self._commits,
            metrics=self.metrics,
            endings=self._endings,
            now_ms=self.clock.nearest_ms,
            audit=self._audit(taken.processor, self.metrics),
        )

    def is_ready(self, tp: TP) -> bool:
        """Whether a partition is taken over and the time is known, so that its chunks can be judged at once."""
        task = self._owned.get(tp)
        return task is not None and task.done() and self.clock.is_known

    async def release(self, revoked: Iterable[TP]) -> None:
        """Commit the partitions' work and let go of them; their state is kept until the next assignment."""
        leaving = {tp: self._owned.pop(tp) for tp in revoked if tp in self._owned}
        self._leaving.update({tp: task.result() for tp, task in leaving.items() if task.done()})
        await asyncio.gather(*(self._let_go(tp, task) for tp, task in leaving.items()))

    async def release_all(self) -> None:
        """Commit everything and let go of it: the worker is asked to stop."""
        await self.release(list(self._owned))

    async def _let_go(self, tp: TP, task: asyncio.Task[Owned[ProcessorT]]) -> None:
        task.cancel()  # a rebalance waits for no take-over that is under way
        await asyncio.wait([task])
        if task.cancelled():
            return
        owned = task.result()
        mark = await owned.leave()
        self._leaving.pop(tp, None)
        self._counts_of_released[tp.topic].update(owned.processor.counts)
        owned.processor.counts.clear()
        self._retained.put(tp, owned.processor, mark)

    def lost(self, problem: BaseException) -> None:
        """The worker cannot take part in the group any longer."""
        self._endings.on(problem, "taking part in the consumer group")

    def _ready(self) -> list[tuple[TP, Owned[ProcessorT]]]:
        return [(tp, task.result()) for tp, task in self._owned.items() if task.done()]

    # Chunks and commits

    async def apply(self, tp: TP, chunk: Chunk) -> None:
        """Judge a chunk. One of a partition that was revoked since is dropped: its next owner reads it again."""
        task = self._owned.get(tp)
        if task is None or not task.done():
            return
        owned = task.result()
        if chunk.next_offset < owned.processor.next_offset:  # the group does not know how far the store is
            await self.gaps.skip(tp, owned.processor)
            return
        clock_ms = self.clock.now_ms()
        may_judge = owned.processor.may_judge(clock_ms)
        if may_judge or owned.processor.counts_by_reference:
            # To count it, what was known when it was fetched is enough: one question for all that came together.
            await self.reference.catch_up(inf if may_judge else chunk.seen_s or inf)
            if self._owned.get(tp) is not task:
                return
        try:
            await owned.apply(chunk, clock_ms)
        except GapError:
            await self.gaps.close(tp, owned.processor, chunk.start_offset)
            return
        except Exception as problem:
            self._endings.on(problem, f"judging {name_of(*tp)}")
        leader = self.ends.leader(tp)
        if leader is not None and chunk.stamp is not None and owned.came_just_now(chunk.stamp, chunk.seen_s):
            self.clock.tell(leader, chunk.stamp.append_ms, chunk.seen_s)

    async def commit(self) -> None:
        """Store all work done so far."""
        await asyncio.gather(*(owned.commit() for _, owned in self._ready()))
