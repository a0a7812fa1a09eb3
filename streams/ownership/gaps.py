"""Records that should come next and do not: read again, or said to be gone."""

import asyncio
import contextlib
import logging
from typing import Final, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faust.types import TP

from streams.kafka.connection import client_options
from streams.kafka.hidden import HiddenRecords
from streams.names import name_of
from streams.ownership.endings import Endings
from streams.ownership.seams import Processor
from streams.settings import Settings

log = logging.getLogger(__name__)

_POSITION_WAIT_S: Final = 5.0


class Reading(Protocol):
    """Where the worker's consumer reads: `streams.kafka.transport.Consumer`."""

    async def seek(self, partition: TP, offset: int) -> None:
        """Read on from an offset."""

    async def position(self, tp: TP) -> int | None:
        """The offset fetched next."""


class Gaps:
    """Closes the gaps of a worker's partitions. `reading` is its consumer."""

    def __init__(self, settings: Settings, endings: Endings) -> None:
        self._settings = settings
        self._endings = endings
        self._hidden = HiddenRecords(settings)
        self.reading: Reading | None = None

    async def skip(self, tp: TP, processor: Processor) -> None:
        """Read on where the processor stands, whatever was fetched."""
        log.info("%s: reading on from %d", name_of(*tp), processor.next_offset)
        if self.reading is not None:
            with contextlib.suppress(IllegalStateError):  # revoked meanwhile: its next owner reads it
                await self.reading.seek(tp, processor.next_offset)

    async def close(self, tp: TP, processor: Processor, until_offset: int) -> None:
        """Read again what is missing before an offset; what the log no longer holds is said and passed over."""
        expected = processor.next_offset
        try:
            oldest = await _oldest_offset(self._settings, TopicPartition(*tp))
        except KafkaError as problem:
            self._endings.on(problem, f"looking for records {expected} to {until_offset - 1} of {name_of(*tp)}")
        if processor.next_offset != expected:  # they came meanwhile
            return
        if oldest > expected:
            log.error("%s: records %d to %d are gone from the log unread; going on", name_of(*tp), expected, oldest - 1)
            processor.next_offset = min(oldest, until_offset)
        await self.skip(tp, processor)

    async def look_for(self, tp: TP, processor: Processor, end_offset: int) -> None:
        """Close the gap of a partition where nothing comes, if there is one.

        None is there while an open transaction hides the records, which is said, or while their chunk waits for its
        turn.
        """
        if self.reading is None:
            return
        position = None
        with contextlib.suppress(IllegalStateError, TimeoutError):
            async with asyncio.timeout(_POSITION_WAIT_S):
                position = await self.reading.position(tp)
        if position is not None and position > processor.next_offset:
            await self.close(tp, processor, end_offset)
        elif position is not None:
            await self._hidden.look_for(*tp, processor.next_offset)


async def _oldest_offset(settings: Settings, source: TopicPartition) -> int:
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False)
    try:
        await consumer.start()
        offset: int = (await consumer.beginning_offsets([source]))[source]
    finally:
        await consumer.stop()
    return offset
