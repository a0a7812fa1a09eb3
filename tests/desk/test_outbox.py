"""From the outbox to a real Kafka: once, in order, whenever the desk dies."""

import asyncio
import gc
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ProducerFenced

from streams.database.patient import Connection
from streams.desk import outbox
from streams.desk.desk import Desk
from streams.desk.outbox import PublishStep, publish_later
from streams.settings import Settings
from tests.desk.build import desk, is_the_desk
from tests.kafka_fixture import Kafka


def of(kafka: Kafka, topic_prefix: str) -> Settings:
    return Settings(
        bootstrap_servers=kafka.bootstrap_servers,
        application_id=topic_prefix,
        topic_prefix=topic_prefix,
        partitions=1,
        replication_factor=1,
    )


async def records(kafka: Kafka, topic: str, count: int) -> list[tuple[str, bytes | None]]:
    """Key and value of what is committed on a topic of one partition, once it is as much as that."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap_servers, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    async with consumer:
        consumer.assign([TopicPartition(topic, 0)])
        found: list[tuple[str, bytes | None]] = []
        while len(found) < count:
            for some in (await consumer.getmany(timeout_ms=200)).values():
                found += [(one.key.decode(), one.value) for one in some]
        return found


async def add(one: Desk, topic: str, key: str, value: bytes | None) -> None:
    async def write(connection: Connection) -> None:
        await publish_later(connection, topic, key, value, {"ce_id": key})

    await one.run(write)


def left(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from slo.outbox").fetchone()
        assert row is not None
        return int(row[0])


def test_what_is_committed_is_published_in_order_and_leaves_the_outbox(
    kafka: Kafka, topic_prefix: str, database: str
) -> None:
    settings = of(kafka, topic_prefix)

    async def scenario() -> None:
        topic = settings.topics.standing
        async with desk(database, PublishStep(settings)) as one:
            for key, value in (("a", b"1"), ("b", b"1"), ("a", b"2"), ("b", None)):
                await add(one, topic, key, value)
            assert not await one.turn()
            assert await records(kafka, topic, 4) == [("a", b"1"), ("b", b"1"), ("a", b"2"), ("b", None)]
            assert left(database) == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("limit", ["client", "topic"])
def test_a_record_that_is_too_large_is_set_aside_and_holds_up_nothing(
    kafka: Kafka, topic_prefix: str, database: str, limit: str
) -> None:
    settings = of(kafka, topic_prefix)
    large = b"x" * (2_000_000 if limit == "client" else 100_000)

    async def scenario() -> None:
        topic = settings.topics.standing
        if limit == "topic":
            await kafka.create_topic(topic, cleanup_policy="compact", max_message_bytes="50000")
        async with desk(database, PublishStep(settings)) as one:
            await add(one, topic, "a", b"1")
            await one.turn()
            for key, value in (("b", b"1"), ("large", large), ("c", b"1"), ("large", b"small"), ("large", large)):
                await add(one, topic, key, value)
            while await one.turn():
                pass
            expected = [("a", b"1"), ("b", b"1"), ("c", b"1"), ("large", b"small")]
            assert await records(kafka, topic, 4) == expected
            await add(one, topic, "d", b"1")
            assert not await one.turn()
            assert await records(kafka, topic, 5) == [*expected, ("d", b"1")]
        with psycopg.connect(database) as connection:
            aside = connection.execute("select key, value, refused from slo.outbox").fetchall()
        assert [(key, value) for key, value, _ in aside] == [("large", large)] * 2
        assert all(why.startswith(f"{topic}, large: ") for _, _, why in aside)

    asyncio.run(scenario())


@pytest.mark.parametrize("restored", [False, True])
def test_a_desk_that_died_before_it_noted_what_it_sent_is_followed_by_one_that_knows(
    kafka: Kafka, topic_prefix: str, database: str, monkeypatch: pytest.MonkeyPatch, restored: bool
) -> None:
    """After a restored backup other records may have the same positions: they are sent."""
    settings = of(kafka, topic_prefix)

    async def scenario() -> None:
        topic = settings.topics.standing
        step, other = PublishStep(settings), PublishStep(settings)
        async with desk(database, step) as first, desk(database, other) as second:
            await add(first, topic, "a", b"1")
            await add(first, topic, "a", b"2")

            async def cut(connection: Connection) -> None:
                if step._published is not None:
                    await connection.execute("select pg_terminate_backend(pg_backend_pid())")

            with monkeypatch.context() as patch:
                patch.setattr(step, "_settle", cut)
                dying = asyncio.create_task(first.turn())
                assert await records(kafka, topic, 2) == [("a", b"1"), ("a", b"2")]
                dying.cancel()
                await asyncio.wait([dying])
            await first.close()
            await is_the_desk(second)
            assert left(database) == 2
            if restored:
                with psycopg.connect(database) as connection:
                    connection.execute("delete from slo.outbox")
                    connection.execute("update slo.outbox_end set position = 0")
                await add(second, topic, "b", b"1")
            await add(second, topic, "a", b"3")
            await second.turn()
            await add(second, topic, "a", b"4")
            await second.turn()
            after = [("b", b"1")] if restored else []
            expected = [("a", b"1"), ("a", b"2"), *after, ("a", b"3"), ("a", b"4")]
            assert await records(kafka, topic, len(expected)) == expected
            assert left(database) == 0

    asyncio.run(scenario())


def test_a_desk_that_was_thought_dead_cannot_publish_what_is_no_longer_so(
    kafka: Kafka, topic_prefix: str, database: str
) -> None:
    settings = of(kafka, topic_prefix)

    async def scenario() -> None:
        topic = settings.topics.standing
        zombie, alive = PublishStep(settings), PublishStep(settings)
        async with desk(database, zombie) as one:
            await add(one, topic, "a", b"old")
            await one.turn()
            mark = outbox.Mark(2, "x")
            living, _ = await alive._started()
            await alive._publish(living, [(mark, outbox.Publication(topic, "a", b"new", {}))])
            asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # the client's own waiter
            assert zombie._producer is not None
            with pytest.raises(ProducerFenced):
                await zombie._publish(zombie._producer, [(mark, outbox.Publication(topic, "a", b"old", {}))])
            await alive._publish(living, [(mark, outbox.Publication(topic, "a", b"newest", {}))])
            assert await records(kafka, topic, 3) == [("a", b"old"), ("a", b"new"), ("a", b"newest")]
            await alive.rest()
        gc.collect()

    asyncio.run(scenario())
