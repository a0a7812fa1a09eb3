"""Heartbeats: that partitions are judged, told apart from the alerts, which are only about what changes.

At least once and never in the way: one that cannot be written is a warning, and the next one is due a minute later.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.event_time import utc_text
from schemas.heartbeat import Heartbeat
from streams.health.condition import Condition
from streams.kafka.connection import client_options
from streams.settings import Settings

log = logging.getLogger(__name__)

_TIME_LIMIT_S: Final = 10.0


def heartbeat_records(condition: Condition, application_id: str, worker: str, now_ms: int) -> list[tuple[bytes, bytes]]:
    """Key and value for every partition that is taken over; one that is being restored is not judged."""
    records = []
    for one in condition.partitions:
        if one.in_hand is None:
            continue
        watermark_ms = one.in_hand.held.watermark_ms
        heartbeat = Heartbeat(
            applicationId=application_id,
            topic=one.topic,
            partition=one.partition,
            time=utc_text(now_ms),
            worker=worker,
            watermark=None if watermark_ms is None else utc_text(watermark_ms),
            lag=one.in_hand.lag,
        )
        key = orjson.dumps([application_id, one.topic, one.partition])
        records.append((key, heartbeat.model_dump_json().encode()))
    return records


class Heartbeats:
    """Those of one worker. `look` tells its condition."""

    def __init__(self, settings: Settings, look: Callable[[], Condition]) -> None:
        self._settings = settings
        self._look = look
        self._worker = settings.instance_id or f"{socket.gethostname()}:{os.getpid()}"

    async def go_on(self) -> None:
        """For as long as the worker lives; at once where the interval is nought, which means none."""
        interval_s = self._settings.heartbeat_interval / 1_000
        while interval_s:
            await asyncio.sleep(interval_s)
            now_ms = time.time_ns() // 1_000_000
            records = heartbeat_records(self._look(), self._settings.application_id, self._worker, now_ms)
            try:
                if records:
                    await self._write(records)
            except (KafkaError, TimeoutError, OSError) as problem:
                topic = self._settings.topics.heartbeat
                log.warning("no heartbeat on %s: %s: %s", topic, type(problem).__name__, problem)

    async def _write(self, records: list[tuple[bytes, bytes]]) -> None:
        # Connected anew each time: between two heartbeats an open connection would only lie idle.
        producer = AIOKafkaProducer(**client_options(self._settings))
        try:
            async with asyncio.timeout(_TIME_LIMIT_S):
                await producer.start()
                topic = self._settings.topics.heartbeat
                await asyncio.gather(*[await producer.send(topic, value, key) for key, value in records])
        finally:
            await producer.stop()
