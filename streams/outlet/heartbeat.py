"""Heartbeats: that partitions are judged, told apart from the alerts, which are only about what changes.

At least once and never in the way: one that cannot be written is a warning, and the next one is due as ever.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Final, Protocol

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.event_time import utc_text, utc_text_if_any
from schemas.heartbeat import Heartbeat
from streams.health.condition import Condition
from streams.kafka.connection import client_options
from streams.settings import Settings

log = logging.getLogger(__name__)

_TIME_LIMIT_S: Final = 10
_APPENDED: Final = 1  # timestamp type: that of the broker


def heartbeat_records(condition: Condition, application_id: str, worker: str, now_ms: int) -> list[tuple[bytes, bytes]]:
    """Key and value for every partition that is taken over; one that is being restored is not judged."""
    records = []
    for one in condition.partitions:
        if one.ready is None:
            continue
        watermark_ms = one.ready.held.watermark_ms
        heartbeat = Heartbeat(
            applicationId=application_id,
            topic=one.topic,
            partition=one.partition,
            time=utc_text(now_ms),
            worker=worker,
            watermark=utc_text_if_any(watermark_ms),
            lag=one.ready.lag,
        )
        key = orjson.dumps([application_id, one.topic, one.partition])
        records.append((key, heartbeat.model_dump_json().encode()))
    return records


class TellsTime(Protocol):
    """Listener for the brokers' time."""

    def tell(self, broker: int, append_ms: int, at_s: float) -> None:
        """A broker appended a record at its time `append_ms`, not much before `at_s`, monotonic clock."""

    def stand_in(self, why: str) -> None:
        """No heartbeat tells it."""

    def nearest_ms(self) -> int:
        """The best that is known of it, epoch ms."""


class Heartbeats:
    """Those of one worker, from when it has a partition: `begun` is set then. `look` tells its condition.

    `clock` is told when the brokers took them, so that the time is known before the first record is judged, and in
    silence, too.
    """

    def __init__(
        self, settings: Settings, look: Callable[[], Condition], begun: asyncio.Event, clock: TellsTime
    ) -> None:
        self._settings = settings
        self._topic = settings.topics.heartbeat
        self._look = look
        self._begun = begun
        self._clock = clock
        self._worker = settings.instance_id or f"{socket.gethostname()}:{os.getpid()}"

    async def go_on(self) -> None:
        """Write heartbeats until cancelled; returns at once where the interval is 0."""
        interval_s = self._settings.heartbeat_interval / 1_000
        if not interval_s:
            self._clock.stand_in("there are no heartbeats (SLO_HEARTBEAT_INTERVAL)")
            return
        await self._begun.wait()
        while True:
            try:
                await self._go_on_with_one_connection(interval_s)
            except (KafkaError, TimeoutError, OSError) as problem:
                said = f"no heartbeat on {self._topic}: {type(problem).__name__}: {problem}"
                log.warning("%s", said)
                self._clock.stand_in(said)
                await asyncio.sleep(interval_s)

    async def _go_on_with_one_connection(self, interval_s: float) -> None:
        producer = AIOKafkaProducer(**client_options(self._settings), request_timeout_ms=_TIME_LIMIT_S * 1_000)
        try:
            async with asyncio.timeout(_TIME_LIMIT_S):
                await producer.start()
            while True:
                records = heartbeat_records(
                    self._look(), self._settings.application_id, self._worker, self._clock.nearest_ms()
                )
                async with asyncio.timeout(_TIME_LIMIT_S):
                    await asyncio.gather(*(self._write(producer, *record) for record in records))
                await asyncio.sleep(interval_s)
        finally:
            await producer.stop()

    async def _write(self, producer: AIOKafkaProducer, key: bytes, value: bytes) -> None:
        told = await producer.send_and_wait(self._topic, value, key)
        broker = producer.client.cluster.leader_for_partition(told.topic_partition)
        if told.timestamp_type == _APPENDED and broker is not None:
            self._clock.tell(broker, told.timestamp, time.monotonic())
        else:
            self._clock.stand_in(f"{self._topic} has not message.timestamp.type=LogAppendTime")
