"""The ends of a worker's partitions, asked for all the time: what time it is for those that were read to their end.

It is also how a partition is noticed that lost records, or where records do not come.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.kafka.connection import client_options
from streams.names import name_of
from streams.ownership.clock import WorkerClock
from streams.ownership.endings import Endings
from streams.ownership.gaps import Gaps
from streams.ownership.offset_watch import OffsetVerdict
from streams.ownership.owned import Owned
from streams.ownership.source import SourceLostError
from streams.reference.follower import Follower
from streams.settings import Clock, Settings

log = logging.getLogger(__name__)

_PERIOD_S: Final = 0.25

OwnedPartitions = Callable[[], Iterable[tuple[TP, Owned[Any]]]]


class Ends:
    """Watches the ends of the partitions that are ready: taken over, and not revoked.

    An end check speaks for the moment it was asked for: after a pause or a network cut, an old answer proves nothing.
    It asks for the high watermark: an open transaction hides records, so its edge is no end.
    """

    def __init__(
        self,
        settings: Settings,
        topics: Iterable[str],
        ready: OwnedPartitions,
        gaps: Gaps,
        reference: Follower,
        clock: WorkerClock,
        endings: Endings,
    ) -> None:
        self._settings = settings
        self._topics = tuple(topics)
        self._endings = endings
        self._ready = ready
        self._gaps = gaps
        self._reference = reference
        self._clock = clock
        self._watcher: AIOKafkaConsumer | None = None

    async def watch(self) -> None:
        """Watch until cancelled, each topic by itself: one that is not there holds up no other."""
        watcher = AIOKafkaConsumer(
            **client_options(self._settings),
            isolation_level="read_uncommitted",
            enable_auto_commit=False,
            request_timeout_ms=self._settings.session_timeout,
        )
        await watcher.start()
        self._watcher = watcher
        try:
            await asyncio.gather(*(self._watch(topic, watcher) for topic in self._topics))
        finally:
            await watcher.stop()

    def leader(self, tp: TP) -> int | None:
        """The broker that appends to a partition; None while that is not known."""
        return None if self._watcher is None else self._watcher._client.cluster.leader_for_partition(tp)

    async def _watch(self, topic: str, watcher: AIOKafkaConsumer) -> None:
        while True:
            await asyncio.sleep(_PERIOD_S)
            ready = {tp: owned for tp, owned in self._ready() if tp.topic == topic}
            if ready:
                await self._look(topic, ready, watcher)

    async def _look(self, topic: str, ready: dict[TP, Owned[Any]], watcher: AIOKafkaConsumer) -> None:
        asked_ms, asked_s = self._clock.now_ms(), time.monotonic()
        next_offsets = {tp: owned.processor.next_offset for tp, owned in ready.items()}
        try:
            ends = await watcher.end_offsets(list(ready))
        except (KafkaError, TimeoutError) as problem:
            log.warning("cannot see where %s ends (%s); its silence is not judged until that works", topic, problem)
            return
        for tp, owned in self._ready():  # those that were not revoked meanwhile
            if ready.get(tp) is not owned:
                continue
            owned.end_offset, owned.end_asked_s = ends[tp], asked_s
            match owned.offset_watch.look(asked_s, next_offsets[tp], ends[tp]):
                case OffsetVerdict.LOST:
                    name = name_of(*tp)
                    self._endings.on(SourceLostError(name, ends[tp], next_offsets[tp]), f"watching {name}")
                case OffsetVerdict.STUCK:
                    await self._gaps.look_for(tp, owned.processor, ends[tp])
                case OffsetVerdict.NOTHING:
                    await self._tick(tp, owned, asked_ms)

    async def _tick(self, tp: TP, owned: Owned[Any], asked_ms: int | None) -> None:
        processor = owned.processor
        is_due = asked_ms is not None and processor.may_judge(asked_ms)
        if is_due:
            await self._reference.catch_up()
        if owned.end_offset != processor.next_offset or (tp, owned) not in self._ready():
            return
        try:
            is_done = asked_ms is None or not is_due or await owned.tick(asked_ms)
            if is_done and (asked_ms is not None or self._settings.clock is Clock.EVENT):
                await owned.reached_end()
        except Exception as problem:
            self._endings.on(problem, f"judging {name_of(*tp)}")
