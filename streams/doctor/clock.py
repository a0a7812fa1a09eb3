"""Does the clock here agree with the brokers'? It is only compared, unless no topic tells the brokers' time.

Kafka does not tell its time, but the marker that aborts a transaction bears it, and can be found by time.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.doctor.finding import Finding, ok, warning
from streams.doctor.rights import Refused, aborted_write
from streams.kafka.connection import client_options
from streams.settings import Clock, Settings

_TOLERANCE_MS: Final = 1_000
_TIMEOUT_S: Final = 5.0
_RETRY_S: Final = 0.02
_SUBJECT: Final = "clock"


def wall_clock_ms() -> int:
    """The time here, epoch ms."""
    return time.time_ns() // 1_000_000


def check_heartbeats(settings: Settings) -> list[Finding]:
    """A warning where nothing tells workers the time of the brokers in silence; the topic is looked at elsewhere."""
    if settings.clock is Clock.EVENT or settings.heartbeat_interval:
        return []
    said = "SLO_HEARTBEAT_INTERVAL=0: in silence each worker judges by the clock of its own machine"
    return [warning(_SUBJECT, said, "Unset it, so that workers hear the time of the brokers.")]


async def check_clock(settings: Settings, now_ms: Callable[[], int] = wall_clock_ms) -> Finding:
    """Whether the broker that keeps the alerts is within a second of this machine.

    The topic of alerts has to exist.
    """
    before_ms = now_ms()
    try:
        record = await aborted_write(settings, settings.topics.alerts)
        async with asyncio.timeout(_TIMEOUT_S):
            found = await _first_since(settings, record, before_ms - _TOLERANCE_MS)
    except Refused:
        return warning(
            _SUBJECT, "not measured: no transaction could be written", "Look at the lines on transactions and writing."
        )
    after_ms = now_ms()
    ntp = "Keep the time of brokers and workers by NTP."
    if found is None:
        return warning(_SUBJECT, "the broker's is more than 1 s behind the one here", ntp)
    if found.offset <= record.offset:
        return ok(_SUBJECT, "not measured: others write just now; ask again")
    if found.timestamp > after_ms + _TOLERANCE_MS:
        ahead_s = (found.timestamp - after_ms) / 1_000
        return warning(_SUBJECT, f"the broker's is {ahead_s:.1f} s ahead of the one here", ntp)
    return ok(_SUBJECT, "the broker's and the one here agree to the second")


async def _first_since(settings: Settings, record: Any, since_ms: int) -> Any:
    """Offset and timestamp of the first record or marker since a time, once the marker of `record` is written."""
    tp = TopicPartition(record.topic, record.partition)
    async with AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False, group_id=None) as consumer:
        while (await consumer.end_offsets([tp]))[tp] <= record.offset + 1:  # noqa: ASYNC110 - nothing to await
            await asyncio.sleep(_RETRY_S)
        return (await consumer.offsets_for_times({tp: since_ms}))[tp]
