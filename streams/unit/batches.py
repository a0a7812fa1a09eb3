"""Records on their way out in whole batches: a tenth of the cost of single records."""

import asyncio
import time
from collections.abc import Collection, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch

from streams.kafka.connection import client_options
from streams.outlet.outgoing import Headers
from streams.settings import Settings
from streams.turn import Turn

BATCH_BYTES: Final = 512 * 1024
_ROWS_A_LOOK: Final = 100  # at the clock: as long as some of them take

Place = tuple[str, int]
"""Topic and partition."""
Row = tuple[bytes | None, bytes | None, Headers, int | None]
"""Key, value, headers, timestamp in ms (None: now)."""


def transactional_producer(settings: Settings, transactional_id: str) -> AIOKafkaProducer:
    """A producer for `Batches`, still to be started: that fences whoever has had the same id."""
    return AIOKafkaProducer(
        **client_options(settings),
        transactional_id=transactional_id,
        transaction_timeout_ms=settings.transaction_timeout,
        request_timeout_ms=settings.transaction_timeout,
        acks="all",
        enable_idempotence=True,
        max_batch_size=BATCH_BYTES,
    )


class Batches:
    """Sends records for a producer; `compressed` are the topics whose batches are.

    A batch waits until the one before it has gone to the broker, so that few are in memory at a time, however many
    records come. `progressed_s`: when one was acknowledged for the last time, monotonic clock.
    """

    def __init__(self, producer: AIOKafkaProducer, compressed: Collection[str]) -> None:
        self._producer = producer
        self._compressed = frozenset(compressed)
        self.progressed_s = 0.0

    async def send_rows(self, place: Place, rows: Iterable[tuple[bytes, bytes | None]]) -> int:
        """Send keys and values to one place, in order, and wait until all are acknowledged.

        Others have their turn meanwhile. There is a row at least, and there may be very many: nothing is looked up for
        each. Returns the offset of the last; -1 where no broker tells.
        """
        turn = Turn()
        batch = self._new_batch(place)
        sent: list[asyncio.Future[Any]] = []
        for number, (key, value) in enumerate(rows, 1):
            if batch.append(key=key, value=value, timestamp=None) is None:
                sent.append(await self._hand_over(place, batch))
                batch = self._new_batch(place)
                batch.append(key=key, value=value, timestamp=None)
            if not number % _ROWS_A_LOOK and turn.is_over:
                await turn.give_way()
        sent.append(await self._hand_over(place, batch))
        *_, last = await asyncio.gather(*sent)  # any refusal raises
        base_offset: int = last.offset
        return -1 if base_offset < 0 else base_offset + batch.record_count() - 1

    async def send(self, records: Iterable[tuple[Place, Row]]) -> None:
        """Send records, in order at each place, and wait until all are acknowledged; others have their turn."""
        turn = Turn()
        open_batches: dict[Place, BatchBuilder] = {}
        sent: list[asyncio.Future[Any]] = []
        for place, (key, value, headers, timestamp_ms) in records:
            batch = open_batches.get(place)
            if batch is None or batch.append(key=key, value=value, timestamp=timestamp_ms, headers=headers) is None:
                if batch is not None:
                    sent.append(await self._hand_over(place, batch))
                batch = open_batches[place] = self._new_batch(place)
                batch.append(key=key, value=value, timestamp=timestamp_ms, headers=headers)
            if turn.is_over:
                await turn.give_way()
        for place, batch in open_batches.items():
            sent.append(await self._hand_over(place, batch))
        await asyncio.gather(*sent)  # any refusal raises

    def _new_batch(self, place: Place) -> BatchBuilder:
        is_compressed = place[0] in self._compressed
        codec = DefaultRecordBatch.CODEC_ZSTD if is_compressed else DefaultRecordBatch.CODEC_NONE
        return BatchBuilder(BATCH_BYTES, codec, is_transactional=True)

    async def _hand_over(self, place: Place, batch: BatchBuilder) -> "asyncio.Future[Any]":
        topic, partition = place
        sent: asyncio.Future[Any] = await self._producer.send_batch(batch, topic, partition=partition)
        sent.add_done_callback(self._note_progress)
        return sent

    def _note_progress(self, sent: "asyncio.Future[Any]") -> None:
        if not sent.cancelled() and sent.exception() is None:
            self.progressed_s = time.monotonic()
