"""On a real broker: what lay in the topics when one asked is known when the answer comes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.kafka.topic_setup import prepare_topics
from streams.reference.follower import Follower
from streams.reference.reference import Reference
from streams.settings import Settings
from tests.kafka_fixture import Kafka
from tests.reference.test_reference import APP, FAULT
from tests.waiting import wait_for

pytestmark = pytest.mark.e2e


def run(kafka: Kafka, prefix: str, scenario: Callable[[Settings], Awaitable[None]]) -> None:
    settings = Settings(
        bootstrap_servers=kafka.bootstrap_servers, topic_prefix=prefix, partitions=2, replication_factor=1
    )

    async def prepared() -> None:
        await prepare_topics(settings)
        async with asyncio.timeout(100):
            await scenario(settings)

    asyncio.run(prepared())


@asynccontextmanager
async def following(settings: Settings) -> AsyncIterator[tuple[Follower, Reference]]:
    reference = Reference(settings.topics)
    follower = Follower(settings, reference)
    task = asyncio.create_task(follower.run())
    try:
        yield follower, reference
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def producing(settings: Settings, transactional_id: str | None = None) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, transactional_id=transactional_id)
    async with producer:
        yield producer


def app(number: int) -> tuple[bytes, bytes]:
    key = f"app-{number}"
    return key.encode(), orjson.dumps({**APP, "appKey": key, "name": f"App {number}"})


def names(reference: Reference, count: int) -> list[str]:
    return [reference.catalogue.details(f"app-{number}").name for number in range(count)]


def test_all_that_was_there_and_all_that_came_before_one_asked(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario(settings: Settings) -> None:
        async with producing(settings) as producer:
            for number in range(20):
                key, value = app(number)
                await producer.send_and_wait(settings.topics.apps, value, key)
            async with following(settings) as (follower, reference):
                await follower.catch_up()
                assert names(reference, 20) == [f"App {number}" for number in range(20)]
                for number in range(20, 25):
                    key, value = app(number)
                    await producer.send_and_wait(settings.topics.apps, value, key)
                    await follower.catch_up()
                    assert names(reference, 25)[number] == f"App {number}"
                await producer.send_and_wait(settings.topics.apps, b"{", b"app-3")
                await producer.send_and_wait(settings.topics.exclusions, orjson.dumps(FAULT), b"f-1")
                await asyncio.gather(*(follower.catch_up() for _ in range(50)))
                assert names(reference, 4)[3] == "App 3"
                assert reference.exclusions.known_at(1 << 60, "any").spans("any", "any")

    run(kafka, topic_prefix, scenario)


def test_transaction_markers_and_aborted_records_hold_nothing_up(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario(settings: Settings) -> None:
        async with producing(settings, f"{topic_prefix}t") as producer, following(settings) as (follower, reference):
            async with producer.transaction():
                await producer.send(settings.topics.apps, app(1)[1], app(1)[0], partition=0)

            async def is_known() -> bool:  # once the broker has written the marker, a moment after its answer
                await follower.catch_up()
                return names(reference, 2)[1] == "App 1"

            await wait_for(is_known, 60, "what was committed to be known")
            await producer.begin_transaction()
            await (await producer.send(settings.topics.apps, app(2)[1], app(2)[0], partition=0))
            await producer.abort_transaction()
            await follower.catch_up()
            assert names(reference, 3)[2] == "app-2"

    run(kafka, topic_prefix, scenario)


def test_what_was_known_by_a_moment_is_not_asked_for_again(
    kafka: Kafka, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Partitions whose records were fetched together wait for one answer, and for no earlier one."""
    asked_s: list[float] = []
    end_offsets = AIOKafkaConsumer.end_offsets

    async def noted(consumer: AIOKafkaConsumer, tps: list[TopicPartition]) -> object:
        asked_s.append(time.monotonic())
        return await end_offsets(consumer, tps)

    async def scenario(settings: Settings) -> None:
        async with producing(settings) as producer, following(settings) as (follower, reference):
            await follower.catch_up()
            key, value = app(1)
            await producer.send_and_wait(settings.topics.apps, value, key)
            fetched_s = time.monotonic()
            monkeypatch.setattr(AIOKafkaConsumer, "end_offsets", noted)
            for _ in range(8):
                await follower.catch_up(fetched_s)
                assert names(reference, 2)[1] == "App 1"
            assert len(asked_s) == 1
            await follower.catch_up(time.monotonic())
            await follower.catch_up()
            assert len(asked_s) == 3

    run(kafka, topic_prefix, scenario)


def test_empty_topics_are_known_at_once(kafka: Kafka, topic_prefix: str) -> None:
    async def scenario(settings: Settings) -> None:
        async with following(settings) as (follower, _):
            await follower.catch_up()

    run(kafka, topic_prefix, scenario)
