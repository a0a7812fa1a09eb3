"""The brokers' time by others' heartbeats, on a real broker."""

import asyncio
import time

from aiokafka import AIOKafkaProducer

from streams.ownership.clock import WorkerClock
from streams.ownership.heard_time import hear_time
from streams.settings import Clock, Settings
from tests.kafka_fixture import Kafka
from tests.waiting import wait_for

FAST_MS = 3_600_000


def test_a_service_without_heartbeats_hears_those_of_others(kafka: Kafka, topic_prefix: str) -> None:
    """Its own clock is an hour fast, and stands in until it has heard one."""

    async def scenario() -> None:
        settings = Settings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)
        await kafka.create_topic(settings.topics.heartbeat, message_timestamp_type="LogAppendTime")
        clock = WorkerClock(Clock.LIVE, own_ms=lambda: time.time_ns() // 1_000_000 + FAST_MS)
        hearing = asyncio.create_task(hear_time(settings, clock))
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers) as producer:

            async def is_heard() -> bool:
                await producer.send_and_wait(settings.topics.heartbeat, b"{}", b"k")
                assert clock.is_known
                return clock.look().is_brokers

            await wait_for(is_heard, 90, "a heartbeat to be heard", [])
        hearing.cancel()
        ahead_s = clock.look().own_ahead_s
        assert ahead_s is not None
        assert abs(ahead_s - FAST_MS / 1_000) < 60
        assert abs((clock.now_ms() or 0) - time.time_ns() // 1_000_000) < 60_000

    asyncio.run(scenario())
