"""The client for Python producers, on a real Kafka: right topic, key, place and time; nothing invalid is sent."""

import asyncio
import json
import re
import subprocess
import sys
import time
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError

from schemas import EVENTS, epoch_ms
from streams.client import BlockingEventClient, EventClient, InvalidEventError
from streams.client.client import event_json
from streams.evaluation.judgement import BAD, judge_health_check
from streams.intake.reading import EventReader
from streams.kafka.placement import partition_of
from streams.names import AVAILABILITY
from streams.replay import ReplayRecord
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


def test_a_service_without_an_event_loop_waits_for_each_call(kafka: Kafka, topic_prefix: str) -> None:
    settings = asyncio.run(prepared(kafka, topic_prefix))
    with BlockingEventClient(settings=settings) as client:
        client.webhook(**INSTALLED, event="e", status_code=200)
        with pytest.raises(InvalidEventError, match="clientKey"):
            client.webhook(app_key=APP, product="Jira", client_key="", event="e")
    assert len(asyncio.run(read(settings, 1))) == 1
    with pytest.raises(RuntimeError, match="with BlockingEventClient"):
        client.webhook(**INSTALLED, event="e")


def test_a_service_without_an_event_loop_hears_that_no_broker_answers() -> None:
    client = BlockingEventClient("127.0.0.1:1")
    with pytest.raises(KafkaConnectionError):
        client.__enter__()


def test_decimals_are_numbers_and_the_trace_is_carried(kafka: Kafka, topic_prefix: str) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async def scenario() -> None:
        settings = await prepared(kafka, topic_prefix)
        async with EventClient(settings=settings) as client:
            await client.webhook(**INSTALLED, event="e", duration_in_millis=Decimal("81.5"), traceparent=parent)
            for odd in ("NaN", "Infinity", "-1"):
                with pytest.raises(InvalidEventError, match="durationInMillis"):
                    await client.webhook(**INSTALLED, event="e", duration_in_millis=Decimal(odd))
        (record,) = await read(settings, 1)
        assert orjson.loads(record.value)["durationInMillis"] == 81.5
        assert record.headers == (("traceparent", parent.encode()),)

    asyncio.run(scenario())


FAILED: dict[str, Any] = {"baseUrl": "https://a.example"}


@pytest.mark.parametrize("number", [Decimal("0.5"), Fraction(1, 2), 0.5])
def test_every_kind_of_number_is_written_as_json_has_it(number: Any) -> None:
    assert orjson.loads(event_json(AVAILABILITY, APP, None, FAILED | {"durationInMillis": number}))[
        "durationInMillis"
    ] == float(number)


@pytest.mark.parametrize("number", [Decimal("sNaN"), Decimal("1e999"), Fraction(10**400), 10**400, float("inf")])
def test_a_number_that_json_has_not_is_told(number: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"^durationInMillis: "):
        event_json(AVAILABILITY, APP, None, FAILED | {"durationInMillis": number})


@pytest.mark.parametrize("error", ["dns: \N{NO ENTRY}", "cut: \ud83d", "x" * 100_000, ""])
def test_a_failure_counts_whatever_the_text_of_its_error(error: str) -> None:
    value = event_json(AVAILABILITY, APP, None, FAILED | {"error": error})
    record = ReplayRecord("slo.healthcheck.v1", APP.encode(), value, None, 0)
    (event,) = EventReader(AVAILABILITY).read([record])
    assert event is not None
    assert judge_health_check(event) == BAD
    assert json.loads(value)["error"] == error[:256]


@pytest.mark.parametrize("error", [ValueError("no"), b"no", float("nan"), {"no"}])
def test_an_error_that_is_no_text_is_told(error: Any) -> None:
    with pytest.raises(InvalidEventError, match=r"^error: Input should be a text, not"):
        event_json(AVAILABILITY, APP, None, FAILED | {"error": error})


LIGHT = """
import importlib.abc, sys
class OnlyLight(importlib.abc.MetaPathFinder):
    HEAVY = {heavy!r}
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.HEAVY:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, OnlyLight())
from streams.client import BlockingEventClient, EventClient
"""
BROUGHT = {"aiokafka", "pydantic", "pydantic-settings"}


def test_it_needs_nothing_of_the_product_but_its_own_few_packages() -> None:
    """An install without extras brings these and what they need; of all others the import must do without."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert {re.split(r"[^a-z0-9-]", needed)[0] for needed in project["dependencies"]} == BROUGHT
    heavy = {"faust", "mode", "orjson", "msgspec", "google_crc32c", "yaml", "typer", "rich", "aiohttp", "dateutil"}
    heavy |= {"prometheus_client", "pythonjsonlogger", "fastapi", "granian", "uvloop", "jwt", "cryptography"}
    subprocess.run([sys.executable, "-c", LIGHT.format(heavy=heavy)], check=True)


def test_it_is_used_in_a_context() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(EventClient("127.0.0.1:1").webhook(**INSTALLED, event="e"))
