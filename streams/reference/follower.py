"""Following the topics of the reference data: all of them, in every worker, from the first record on.

Alerts must not depend on which worker reads how fast. So before a boundary is judged, `catch_up` waits until
everything that lay in the topics by then is known.
"""

import asyncio
import contextlib
import logging
import time
from math import inf

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streams.kafka.cluster import partitions_of
from streams.kafka.connection import client_options
from streams.names import name_of
from streams.reference.reference import Reference
from streams.settings import Settings

log = logging.getLogger(__name__)

_FETCH_WAIT_MS = 500
_RETRY_S = 0.5

Offsets = dict[TopicPartition, int]


class Follower:
    """Tells a `Reference` what its topics say, for as long as the worker lives.

    `waits_since_s`: since when somebody has waited for `catch_up` and nothing came, monotonic clock; None: nobody does.
    """

    def __init__(self, settings: Settings, reference: Reference) -> None:
        self._settings = settings
        self._reference = reference
        self._position: Offsets = {}
        self._moved = asyncio.Condition()
        self._asked = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._known_s = -inf  # all that was there at this moment is known
        self.waits_since_s: float | None = None

    async def run(self) -> None:
        """Read until cancelled.

        Raises:
            MissingTopicError: a topic has not been created.
            KafkaError: the topics cannot be read, and will not be.
        """
        options = {**client_options(self._settings), "enable_auto_commit": False, "isolation_level": "read_committed"}
        reader = AIOKafkaConsumer(**options, auto_offset_reset="earliest", fetch_max_wait_ms=_FETCH_WAIT_MS)
        # On a connection of its own: behind a fetch that waits for records, its answers would wait, too.
        watcher = AIOKafkaConsumer(**options)
        async with reader, watcher:
            partitions = await partitions_of(self._settings, self._settings.topics.reference)
            reader.assign(partitions)
            await reader.seek_to_beginning(*partitions)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._read(reader))
                both.create_task(self._answer(watcher, partitions))

    async def catch_up(self, to_s: float = inf) -> None:
        """Return once all that was in the topics at the time of the call is known.

        With `to_s`, an earlier moment of the monotonic clock, what was there by then is enough.
        """
        if to_s <= self._known_s:
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        if self.waits_since_s is None:
            self.waits_since_s = time.monotonic()
        self._asked.set()
        await waiting

    async def _read(self, reader: AIOKafkaConsumer) -> None:
        while True:
            found = await reader.getmany(timeout_ms=_FETCH_WAIT_MS)
            if found and self.waits_since_s is not None:  # who waits for much to be read does not wait for nothing
                self.waits_since_s = time.monotonic()
            for tp, records in found.items():
                for record in records:
                    rejection = self._reference.take(tp.topic, record)
                    if rejection is not None:
                        where = f"{name_of(*tp)} at {record.offset}"
                        log.info("%s is passed over: %s: %s", where, rejection.reason, rejection.detail)
            # By position, not by the last record: transaction markers are never delivered.
            position = {tp: await reader.position(tp) for tp in reader.assignment()}
            async with self._moved:
                self._position = position
                self._moved.notify_all()

    async def _answer(self, watcher: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        """Answer who waits for the ends; who asks while a look is under way waits for the next one."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            waiting, self._waiting = self._waiting, []
            asked_s, ends = await self._ends(watcher, partitions)
            await self._reach(ends)
            self._known_s = asked_s
            for one in waiting:
                with contextlib.suppress(asyncio.InvalidStateError):  # its caller was cancelled
                    one.set_result(None)
            self.waits_since_s = time.monotonic() if self._waiting else None

    async def _ends(self, watcher: AIOKafkaConsumer, partitions: list[TopicPartition]) -> tuple[float, Offsets]:
        """When they were asked for, and where the topics ended then."""
        while True:
            asked_s = time.monotonic()
            try:
                ends: Offsets = await watcher.end_offsets(partitions)
            except (KafkaError, TimeoutError) as problem:
                log.warning("cannot see where catalogue and exclusions end (%s); nothing is judged until then", problem)
                await asyncio.sleep(_RETRY_S)
            else:
                return asked_s, ends

    async def _reach(self, ends: Offsets) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: all(self._position.get(tp, 0) >= end for tp, end in ends.items()))
