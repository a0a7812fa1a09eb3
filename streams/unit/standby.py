"""A warm standby: the state of partitions that other workers own, read along from their changelogs.

It is for speed alone. Whoever takes such a partition over fences its owner, reads the rest, and holds it against the
changelog (`tables.ahead`); what cannot be followed is forgotten, and then read as a whole.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from streams.exits import RefusalError
from streams.kafka.chunk import Chunk, SourceRecord
from streams.kafka.chunked_records import AS_CHUNKS
from streams.kafka.connection import client_options, running
from streams.names import name_of
from streams.settings import Settings
from streams.tables.changelog import Rows
from streams.tables.rows import META_KEY
from streams.turn import Turn

log = logging.getLogger(__name__)

_FETCH_BYTES: Final = 1024 * 1024
_WAIT_MS: Final = 500
_RETRY_S: Final = 1.0
_ROWS_AT_ONCE: Final = 400


class _Followed:
    """One changelog partition: `rows` as of its last commit that was read as a whole, `begun` of the one after it.

    `oldest_offset` is where the log began when it was first read, `next_offset` where reading goes on.
    """

    def __init__(self) -> None:
        self.rows = Rows()
        self.begun: list[SourceRecord] = []
        self.oldest_offset: int | None = None
        self.next_offset = 0

    def __len__(self) -> int:
        return len(self.rows) + len(self.begun)


class Standby:
    """Follows the changelogs of some partitions for as long as the worker lives.

    `changelogs` tells the changelog topic of each input. Of all partitions together no more than `SLO_STANDBY` rows are
    held. All is done in the worker's event loop.
    """

    def __init__(self, settings: Settings, changelogs: Mapping[str, str]) -> None:
        self._settings = settings
        self._changelogs = changelogs
        self._followed: dict[TopicPartition, _Followed] = {}
        self._reading: dict[TopicPartition, _Followed] = {}  # what the consumer was told to read, and for whom
        self._leaving: set[TopicPartition] = set()
        self._has_changed = asyncio.Event()

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(map(len, self._followed.values()))

    def follow(self, theirs: Collection[TP], ours: Collection[TP]) -> None:
        """Follow partitions that others own; what is held of `ours` is kept until it is taken."""
        wanted, leaving = (
            {self._changelog(tp) for tp in tps if tp.topic in self._changelogs} for tps in (theirs, ours)
        )
        kept = {tp: one for tp, one in self._followed.items() if tp in wanted | leaving}
        self._followed = {tp: _Followed() for tp in sorted(wanted - leaving)} | kept
        self._leaving = leaving
        self._has_changed.set()

    def _changelog(self, tp: TP) -> TopicPartition:
        return TopicPartition(self._changelogs[tp.topic], tp.partition)

    def take(self, tp: TopicPartition, oldest_offset: int) -> Rows | None:
        """What is held of a changelog partition that begins there, to be gone on with: it is not followed any longer.

        None where nothing is, or it began elsewhere.
        """
        followed = self._followed.pop(tp, None)
        if followed is None or followed.oldest_offset != oldest_offset or followed.next_offset == oldest_offset:
            return None
        return followed.rows

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            await self._has_changed.wait()
            if not self._followed:
                self._has_changed.clear()
                continue
            try:
                await self._read()
            except KafkaError as problem:
                log.warning("standby: changelogs cannot be followed, and are read anew: %r", problem)
                self._followed = {tp: _Followed() for tp in self._followed}
                self._has_changed.set()
                await asyncio.sleep(_RETRY_S)

    async def _read(self) -> None:
        """Follow until there is nothing to follow."""
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            value_deserializer=AS_CHUNKS,
            enable_auto_commit=False,
            isolation_level="read_committed",
            auto_offset_reset="none",  # what was cut off or deleted must not go unnoticed
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        async with running(consumer):
            while True:
                while self._has_changed.is_set():  # told to read nothing yet, `getmany` would wait for ever
                    self._has_changed.clear()
                    if not await self._turn_to_followed(consumer):
                        return
                for tp, chunks in (await consumer.getmany(timeout_ms=_WAIT_MS)).items():
                    try:
                        await self.take_in(tp, chunks)
                    except RefusalError as problem:
                        self._give_up(tp, str(problem))

    async def _turn_to_followed(self, consumer: AIOKafkaConsumer) -> bool:
        """Read each from where it was left; whether there is any."""
        oldest = await consumer.beginning_offsets(list(self._followed))
        if self._has_changed.is_set():
            return True
        self._reading = {tp: one for tp, one in self._followed.items() if tp not in self._leaving}
        consumer.assign(list(self._reading))
        for tp, one in self._reading.items():
            if one.oldest_offset is None:
                one.oldest_offset = one.next_offset = oldest[tp]
            consumer.seek(tp, one.next_offset)
        log.info("standby: reading along %s partitions of other workers", len(self._reading))
        return bool(self._reading)

    async def take_in(self, tp: TopicPartition, chunks: Iterable[Chunk]) -> None:
        """Take in what was fetched, unless the partition is taken meanwhile.

        Raises:
            UnreadableRowError: a row of a newer format, or a damaged one.
        """
        followed, turn = self._reading.get(tp), Turn()
        for chunk in chunks:
            if followed is None or self._followed.get(tp) is not followed:
                return
            if chunk.start_offset != followed.next_offset:
                self._give_up(tp, f"it goes on at {chunk.start_offset:,} instead of {followed.next_offset:,}")
                return
            for record in chain.from_iterable(chunk.slices()):
                followed.begun.append(record)
                if record.key == META_KEY:
                    await _end_commit(followed, turn)
            followed.next_offset = chunk.next_offset
            if self.rows > self._settings.standby:
                self._give_up(tp, f"SLO_STANDBY={self._settings.standby} is too little to hold it, too")
                return
            await turn.give_way()

    def _give_up(self, tp: TopicPartition, why: str) -> None:
        """Leave it until partitions move again: who takes it over reads all of it."""
        log.warning("standby: %s is not followed any more: %s", name_of(*tp), why)
        self._followed.pop(tp, None)
        self._has_changed.set()


async def _end_commit(followed: _Followed, turn: Turn) -> None:
    """All rows of a commit are there: only as a whole they say what is stored."""
    rows, begun = followed.rows, followed.begun
    followed.begun = []
    rows.meta = None  # whoever takes them amid a commit has nothing to go on with
    for number, record in enumerate(begun, 1):
        if record.key != META_KEY:
            rows.take(record)
        if not number % _ROWS_AT_ONCE:
            rows.decode()
            await turn.give_way()
    rows.decode()
    rows.take(begun[-1])
