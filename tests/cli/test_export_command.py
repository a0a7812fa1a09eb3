"""`slo-streams export`: the committed input, byte for byte, in the order of time."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner, Result

from streams.cli.app import app
from streams.kafka.topic_setup import prepare_topics
from streams.replay import ReplayRecord, read_line
from streams.settings import Settings
from tests.cli.test_kafka_commands import environment
from tests.kafka_fixture import Kafka, completed
from tests.model.build import clock_ms

Write = Callable[[AIOKafkaProducer, str], Any]


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    """An installation with its topics; those of events keep the timestamps of these tests."""
    settings = Settings(
        bootstrap_servers=kafka.bootstrap_servers,
        topic_prefix=topic_prefix,
        application_id=f"{topic_prefix}app",
        partitions=2,
        replication_factor=1,
    )

    async def make() -> None:
        for topic in settings.topics.inputs:
            await kafka.create_topic(topic, partitions=2, message_timestamp_type="CreateTime", retention_ms="-1")
        await prepare_topics(settings)

    asyncio.run(make())
    return settings


def write(settings: Settings, *records: tuple[str, int, str, bytes | None], aborted: bool = False) -> None:
    """Records of a topic, by its short name, in a partition at a clock time, each under the key `k`.

    Those of apps have a key each: of two with the same one the broker drops the older when it likes.
    """

    async def send() -> None:
        whose = f"{settings.application_id}-{aborted}"
        producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, transactional_id=whose)
        await producer.start()
        try:
            await producer.begin_transaction()
            for topic, partition, clock, value in records:
                name = f"{settings.topic_prefix}{topic}.v1"
                headers = [("trace", b"\xff\x00"), ("none", None)]
                key = clock.encode() if topic == "apps" else b"k"
                await producer.send_and_wait(name, value, key, partition, clock_ms(clock), headers)
            await (producer.abort_transaction() if aborted else producer.commit_transaction())
        finally:
            await producer.stop()
        await completed(settings.bootstrap_servers, whose)

    asyncio.run(send())


def export(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["export", *arguments], env=environment(settings))


def read(result: Result) -> list[ReplayRecord]:
    assert result.exit_code == 0, result.output
    return [read_line(line, number) for number, line in enumerate(result.stdout_bytes.splitlines(), start=1)]


def values(result: Result) -> list[bytes | None]:
    return [record.value for record in read(result)]


def test_what_is_committed_is_written_byte_for_byte_in_the_order_of_time(settings: Settings) -> None:
    write(settings, ("webhook", 1, "12:03", b'{"a":"\\ud83d"}'), ("apps", 0, "12:02", None))
    write(settings, ("webhook", 0, "12:09", b"never"), aborted=True)
    write(settings, ("webhook", 0, "12:01", b"\xff{"), ("webhook", 0, "12:04", b'{"b": 1e400}'))
    result = export(settings)
    assert values(result) == [b"\xff{", None, b'{"a":"\\ud83d"}', b'{"b": 1e400}']
    assert "4 records" in result.stderr
    first = read(result)[0]
    headers = (("trace", b"\xff\x00"), ("none", None))
    assert first == ReplayRecord(f"{settings.topic_prefix}webhook.v1", b"k", b"\xff{", clock_ms("12:01"), 2, headers)
    lines = [json.loads(line) for line in result.stdout_bytes.splitlines()]
    assert [(line["partition"], line["offset"]) for line in lines] == [(0, 2), (0, 0), (1, 0), (0, 3)]


def test_a_span_cuts_events_but_no_reference_data_that_still_holds(settings: Settings) -> None:
    clocks = ("12:01", "12:02", "12:03", "12:04")
    write(settings, *(("webhook", 0, clock, clock.encode()) for clock in clocks))
    write(settings, ("apps", 1, "11:00", b"listed"), ("apps", 1, "12:30", b"later"), ("iframe", 1, "12:00", b"early"))
    from_, to = str(clock_ms("12:02")), str(clock_ms("12:04"))
    assert values(export(settings, "--from", from_, "--to", to)) == [b"listed", b"12:02", b"12:03"]
    assert values(export(settings, "--topic", "iframe", "--topic", f"{settings.topic_prefix}apps.v1")) == [
        b"listed",
        b"early",
        b"later",
    ]
    assert values(export(settings, "--topic", "webhook", "--from", str(clock_ms("13:00")))) == []


def test_an_open_transaction_is_not_waited_for(settings: Settings) -> None:
    write(settings, ("webhook", 0, "12:01", b"before"))

    async def beside_an_open_one() -> Result:
        topic = f"{settings.topic_prefix}webhook.v1"
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.bootstrap_servers, transactional_id=f"{settings.application_id}-open"
        )
        await producer.start()
        try:
            async with producer.transaction():
                await producer.send_and_wait(topic, b"not yet", partition=0)
                return await asyncio.to_thread(export, settings)
        finally:
            await producer.stop()

    assert values(asyncio.run(beside_an_open_one())) == [b"before"]


def test_a_topic_that_no_replay_reads_is_named(settings: Settings) -> None:
    result = export(settings, "--topic", "alerts")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "alerts is no input topic; choose healthcheck, iframe," in result.stderr


def test_a_topic_that_is_not_there(kafka: Kafka, topic_prefix: str) -> None:
    result = export(Settings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=f"{topic_prefix}none."))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no topic" in result.stderr
