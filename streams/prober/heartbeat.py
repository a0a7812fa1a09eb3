"""Heartbeats of a prober: that it checks, what it left out, and whether it reports at all."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from schemas.event_time import utc_text, utc_text_if_any
from schemas.heartbeat import Heartbeat, ProberReport
from streams.names import AVAILABILITY
from streams.prober.gate import Suspension
from streams.prober.prober import Counts
from streams.settings import Settings

log = logging.getLogger(__name__)


def heartbeat_record(
    settings: Settings, counts: Counts, urls: int, suspension: Suspension, now_ms: int
) -> tuple[bytes, bytes]:
    """Key and value."""
    group, topic = settings.prober_group_id, settings.topics.input(AVAILABILITY)
    prober = settings.instance_id or f"{socket.gethostname()}:{os.getpid()}"
    heartbeat = Heartbeat(
        applicationId=group,
        topic=topic,
        partition=0,
        time=utc_text(now_ms),
        worker=prober,
        watermark=None,
        lag=None,
        prober=ProberReport(
            urls=urls,
            good=counts.good,
            bad=counts.bad,
            refused=counts.refused,
            leftOut={str(kind): count for kind, count in counts.left_out.items()},
            suspendedSince=utc_text_if_any(suspension.since_ms),
            suspendedResults=suspension.results,
            suspendedBad=suspension.bad,
        ),
    )
    return orjson.dumps([group, topic, "prober", prober]), heartbeat.model_dump_json().encode()


async def send_heartbeats(
    settings: Settings, producer: AIOKafkaProducer, record: Callable[[], tuple[bytes, bytes]]
) -> None:
    """For as long as the prober lives; one that cannot be written is a warning, once, and the next is due as ever."""
    interval_s, topic, is_told = settings.heartbeat_interval / 1_000, settings.topics.heartbeat, False
    if topic not in (await producer.client.fetch_all_metadata()).topics():
        log.warning("no heartbeats: there is no topic %s, or this user may not see it", topic)
        return
    while interval_s:
        key, value = record()
        try:
            await producer.send_and_wait(topic, value, key)
            is_told = False
        except KafkaError as problem:
            if not is_told:
                log.warning("no heartbeat on %s: %s: %s", topic, type(problem).__name__, problem)
            is_told = True
        await asyncio.sleep(interval_s)
