"""The chunked transport: Faust's consumer, but one message per fetched partition instead of one per record.

Faust's and aiokafka's cost is per message, not per byte. Here a message's value is a whole `Chunk` of raw records,
which keeps Faust's agents, assignment and worker at a fraction of the cost. What depends on the insides of faust 0.15.3
is in this file and in `streams.service`, what is replaced in aiokafka in `aiokafka_0_14_0`; both are pinned.
"""

import contextlib
import logging
from collections.abc import Collection, Iterable
from types import SimpleNamespace
from typing import Any, ClassVar, Final, Protocol, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, TransportT

from streams.kafka.assignor import Assignor
from streams.kafka.chunk import Chunk, merge
from streams.kafka.chunked_records import AS_CHUNKS
from streams.kafka.connection import client_options
from streams.kafka.contact import Contact
from streams.kafka.membership import Coordinator
from streams.kafka.standbys import Place
from streams.settings import Settings

FETCH_BYTES: Final = 4 * 1024 * 1024
"""Of one partition, compressed: half of it costs a twentieth more an event, twice as much nothing less."""
_FETCH_WAIT_MS = 200
_FETCH_LEAST_BYTES: Final = 1024 * 1024  # a fetch costs what hundreds of events do: fewer are waited for, but not long
_FAUST_LOG = logging.getLogger("faust")  # Faust would name its messages for the module of the subclass
_CHUNKS_PER_POLL = 1_000
_NOTICE_MS = 300  # how soon a member hears that another has left
_METADATA_AGE_MS = 20_000  # a topic that was deleted and made anew is back in the group after as long
_NOT_READY_WAIT_S: Final = 0.1  # how soon a partition is read once it is taken over
_NOWHERE: Final = TP("", 0)


class Owner(Protocol):
    """Who owns the assigned partitions: commits their work, gives them up and takes them over.

    `contact` is where the consumer notes what it hears. `stands_by`: whether it keeps the state of others' partitions
    at hand.
    """

    contact: Contact

    @property
    def stands_by(self) -> bool: ...  # noqa: D102

    async def commit(self) -> None:
        """Store all work done so far."""

    async def release(self, revoked: Iterable[TP]) -> None:
        """Store what was done on these partitions and let go of them."""

    async def release_all(self) -> None:
        """Store the work of all partitions and let go of them: the worker is asked to stop."""

    def take(self, assigned: Iterable[TP]) -> None:
        """Take these partitions over, the only ones of this worker from now on; it goes on after the return."""

    def stand_by(self, theirs: Collection[TP], ours: Collection[TP]) -> None:
        """Keep the state of these partitions of others at hand; `ours` are about to be taken over."""

    def is_ready(self, tp: TP) -> bool:
        """Whether a partition is taken over, so that its chunks can be judged at once."""

    def lost(self, problem: BaseException) -> None:
        """The worker cannot take part in the group any longer. Called from the thread of the consumer."""


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread of the aiokafka consumer, set up for chunks and for `read_committed`."""

    logger = _FAUST_LOG

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        ours = cast("Transport", transport)
        settings = ours.settings
        self.assignor = Assignor(stands_by=ours.owner.stands_by)
        return AIOKafkaConsumer(
            **client_options(settings),
            group_id=ours.group_id,
            group_instance_id=settings.instance_id,
            partition_assignment_strategy=[self.assignor],
            value_deserializer=AS_CHUNKS,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_records=_CHUNKS_PER_POLL,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_min_bytes=_FETCH_LEAST_BYTES,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            metadata_max_age_ms=_METADATA_AGE_MS,
            session_timeout_ms=settings.session_timeout,
            heartbeat_interval_ms=min(settings.session_timeout // 10, _NOTICE_MS),
            rebalance_timeout_ms=2 * settings.session_timeout,
            max_poll_interval_ms=10 * settings.session_timeout,
        )

    async def on_start(self) -> None:
        """Start the consumer, and hear of what keeps it from taking part in the group."""
        await super().on_start()
        owner, consumer = owner_of(self.transport), self._ensure_consumer()
        coordinator: Coordinator = consumer._coordinator  # as installed
        coordinator.failed = self._tell_owner
        coordinator.contact = consumer._fetcher.contact = owner.contact
        owner.contact.heard()

    def _tell_owner(self, problem: BaseException) -> None:
        if not self.app.should_stop:
            owner_of(self.transport).lost(problem)


class Consumer(driver.Consumer):
    """Faust's consumer with commits and rebalances handed to the owner of the partitions."""

    logger = _FAUST_LOG

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def _owner(self) -> Owner:
        return owner_of(self.transport)

    @property
    def _standby(self) -> Collection[Place]:
        return cast("ConsumerThread", self._thread).assignor.standby

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Any]]:  # noqa: ASYNC109 - Faust's signature
        """Chunks of what is taken over; of all else they wait where they were fetched, 4 MiB of a partition at most.

        Handed to its agent, a chunk of a partition that is being restored would hold up all others of its topic.
        """
        active = active_partitions or set()
        ready = {tp for tp in active if self._owner.is_ready(tp)}
        if len(ready) < len(active):
            timeout = min(timeout, _NOT_READY_WAIT_S)
        # Never an empty set, which would mean all; and never no call at all: the group would believe it has stopped.
        fetched = await super()._getmany(ready or {_NOWHERE}, timeout)
        messages = {}
        for tp, chunks in fetched.items():
            if chunks and self._owner.is_ready(tp):
                messages[tp] = [_message(tp, merge(chunks))]
            elif chunks:  # assigned anew while the call waited
                with contextlib.suppress(IllegalStateError):  # revoked meanwhile: the next owner reads it
                    await self.seek(tp, chunks[0].start_offset)
        return messages

    async def _seek(self, partition: TP, offset: int) -> None:
        """Seek in the thread of the aiokafka consumer: Faust would do it from this one, while the consumer reads."""
        await self._thread.seek_wait({partition: offset})

    async def perform_seek(self) -> None:
        """Go back to the committed offsets, and to the oldest record where there is none.

        Faust leaves the latter where they are, behind what was fetched and dropped during the rebalance.
        """
        await super().perform_seek()
        fresh = [TopicPartition(*tp) for tp in self.assignment() if self._read_offset.get(tp) is None]
        if fresh:
            with contextlib.suppress(IllegalStateError):  # revoked meanwhile: the next owner seeks
                await self._thread.seek_to_beginning(*fresh)

    async def wait_empty(self) -> None:
        """Nothing is ever half done: a chunk is applied in one step, and its work is committed here."""
        await self._owner.commit()

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Offsets go with the work, never through Faust."""
        await self._owner.commit()
        return True

    async def on_stop(self) -> None:
        """Commit and let go of everything."""
        await self._owner.release_all()
        await super().on_stop()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit and let go before the partitions may be read elsewhere."""
        await super().on_partitions_revoked(revoked)
        await self._owner.release(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Take over what was assigned."""
        await super().on_partitions_assigned(assigned, generation_id)
        if not self.app.should_stop:  # else nobody would give them up again
            self._owner.stand_by({TP(*place) for place in self._standby}, assigned)
            self._owner.take(assigned)


class Transport(driver.Transport):
    """The transport of one service."""

    Consumer: ClassVar[type] = Consumer

    def __init__(self, url: Any, app: Any, settings: Settings, owner: Owner, *, group_id: str) -> None:
        super().__init__(url, app)
        self.group_id = group_id
        self.settings = settings
        self.owner = owner


def owner_of(transport: TransportT) -> Owner:
    """Who owns the partitions of a consumer: Faust knows of no such thing."""
    return cast("Transport", transport).owner


def _message(tp: TP, chunk: Chunk) -> SimpleNamespace:
    """A chunk in the shape of the record that Faust expects."""
    return SimpleNamespace(
        topic=tp.topic,
        partition=tp.partition,
        offset=chunk.next_offset - 1,
        timestamp=None,
        timestamp_type=None,
        headers=(),
        key=None,
        value=chunk,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
    )
