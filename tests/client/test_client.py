"""The client for Python producers, on a real Kafka: right topic, key, place and time; nothing invalid is sent."""

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from anyio.from_thread import start_blocking_portal

from schemas import EVENTS, epoch_ms
from streams.client import EventClient, InvalidEventError
from streams.kafka.placement import partition_of
from streams.settings import PartitionerName, Settings
from tests.kafka_fixture import Kafka

PARTITIONS = 5
APP = "com.example.tâche"
INSTALLED: dict[str, Any] = {"app_key": APP, "product": "Jira", "client_key": "c-1"}


async def prepared(kafka: Kafka, prefix: str, partitioner: PartitionerName = PartitionerName.MURMUR2) -> Settings:
    settings = Settings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=prefix, partitioner=partitioner)
    for topic in settings.topics.inputs:
        await kafka.create_topic(topic, partitions=PARTITIONS)
    return settings


async def read(settings: Settings, count: int) -> list[Any]:
    topics = settings.topics.inputs
    async with (
        asyncio.timeout(60),
        AIOKafkaConsumer(
            *topics, bootstrap_servers=settings.bootstrap_servers, auto_offset_reset="earliest"
        ) as consumer,
    ):
        return [await consumer.getone() for _ in range(count)]


@pytest.mark.parametrize("partitioner", PartitionerName)
def test_every_event_lies_where_the_evaluator_expects_it(
    kafka: Kafka, topic_prefix: str, partitioner: PartitionerName
) -> None:
    async def scenario() -> None:
        settings = await prepared(kafka, topic_prefix, partitioner)
        before_ms = time.time_ns() // 1_000_000
        async with EventClient(settings=settings) as client:
            await asyncio.gather(
                client.healthcheck(app_key=APP, base_url="https://a.example", status_code=200, duration_in_millis=81),
                client.iframe(**INSTALLED, module_type="generalPages", source="HOST", bridge_in_millis=800.5),
                client.installation_callback(**INSTALLED, lifecycle="installed", error="dns: no such host"),
                client.webhook(**INSTALLED, event="jira:issue_updated", status_code=504, fault_owner="APP"),
            )
        records = await read(settings, 4)
        after_ms = time.time_ns() // 1_000_000
        assert {record.topic for record in records} == set(settings.topics.inputs)
        for record in records:
            assert record.key == APP.encode()
            assert record.partition == partition_of(record.key, PARTITIONS, partitioner)
            event = orjson.loads(record.value)
            EVENTS[settings.topics.inputs[record.topic].record].model_validate(event)
            assert before_ms <= event["time"] <= after_ms
            assert None not in event.values()

    asyncio.run(scenario())


def test_a_time_may_be_given_in_three_ways(kafka: Kafka, topic_prefix: str) -> None:
    moment = datetime(2026, 3, 2, 13, 0, 0, 123_000, tzinfo=timezone(timedelta(hours=1)))

    async def scenario() -> None:
        settings = await prepared(kafka, topic_prefix)
        async with EventClient(kafka.bootstrap_servers, settings=settings) as client:
            for given in (moment, int(moment.timestamp() * 1_000), "2026-03-02T12:00:00.123Z"):
                await client.webhook(**INSTALLED, event="e", status_code=200, time=given)
        times = {epoch_ms(orjson.loads(record.value)["time"]) for record in await read(settings, 3)}
        assert times == {1_772_452_800_123}

    asyncio.run(scenario())


def test_what_is_invalid_is_not_sent(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario() -> None:
        settings = await prepared(kafka, topic_prefix)
        async with EventClient(settings=settings) as client:
            webhook = partial(client.webhook, app_key=APP, product="Jira", event="e")
            with pytest.raises(InvalidEventError, match="durationInMillis: Input should be greater than or equal to 0"):
                await webhook(client_key="c-1", duration_in_millis=-1)
            with pytest.raises(InvalidEventError, match="clientKey: String should have at least 1 character"):
                await webhook(client_key="")
            with pytest.raises(InvalidEventError, match="A datetime needs a time zone"):
                await webhook(client_key="c-1", time=datetime.now(UTC).replace(tzinfo=None))
            with pytest.raises(InvalidEventError, match="years 2000 to 2100"):
                await webhook(client_key="c-1", time=int(time.time()))
            await webhook(client_key="c-1", status_code=204)
        (record,) = await read(settings, 1)
        assert orjson.loads(record.value)["statusCode"] == 204

    asyncio.run(scenario())


def test_a_service_without_an_event_loop_uses_it_through_a_portal(kafka: Kafka, topic_prefix: str) -> None:
    settings = asyncio.run(prepared(kafka, topic_prefix))
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(EventClient(settings=settings)) as client,
    ):
        portal.call(partial(client.webhook, **INSTALLED, event="e", status_code=200))
    assert len(asyncio.run(read(settings, 1))) == 1


def test_it_is_used_in_a_context() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(EventClient("127.0.0.1:1").webhook(**INSTALLED, event="e"))
