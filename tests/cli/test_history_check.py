"""`slo-streams history check` on a real Kafka and a real PostgreSQL."""

import asyncio
from typing import Any

import orjson
import psycopg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from typer.testing import CliRunner

from streams.cli.app import app
from streams.history.codec import add_to_day
from streams.kafka.cluster import admin_client
from streams.names import WEBHOOK
from streams.settings import Settings
from tests.cli.test_kafka_commands import environment, settings
from tests.history.sink import Sink, fold, patient
from tests.kafka_fixture import Kafka
from tests.model.build import delivery

__all__ = ["settings"]

APP = "com.example.app"
LOG = [
    delivery("12:00:05", durationInMillis=100),
    delivery("12:01", 500),
    delivery("12:07", app="com.other", durationInMillis=7),
    delivery("23:59:59", arrives="+1d 00:00:01"),
    delivery("+1d 12:00"),
]


def check(settings: Settings, database: str, *arguments: str) -> tuple[int, str]:
    variables = environment(settings) | {"SLO_DATABASE_URL": database}
    result = CliRunner().invoke(app, ["history", "check", *arguments], env=variables)
    return result.exit_code, result.output


def items(settings: Settings, database: str, *arguments: str) -> list[tuple[Any, ...]]:
    """App, what, places, where first, stored and recounted of each difference."""
    code, said = check(settings, database, *arguments, "--json")
    document = orjson.loads(said)
    assert code == (1 if document["items"] else 0)
    assert document["differences"] == len(document["items"])
    names = ("appKey", "what", "places", "first", "stored", "recounted")
    return [tuple(one[name] for name in names) for one in document["items"]]


@pytest.fixture
def counted(kafka: Kafka, settings: Settings, database: str) -> str:
    """A database that has counted a log of Kafka, all but its last record, which came later."""

    async def scenario() -> None:
        topic = await kafka.create_topic(settings.topics.input(WEBHOOK))
        await kafka.create_topic(settings.topics.apps, cleanup_policy="compact")
        async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers) as producer:
            for one in [*LOG, delivery("12:02", 500)]:
                await producer.send_and_wait(topic, one.value, one.key, partition=0, timestamp_ms=one.timestamp_ms)
        async with patient(database) as one_database:
            sink = Sink(one_database, topic, 0, 1, settings)
            await sink.take_over()
            sink.read(LOG)
            await sink.commit()

    asyncio.run(scenario())
    return database


def test_what_kafka_says_is_what_is_stored(settings: Settings, counted: str) -> None:
    code, said = check(settings, counted, "--day", "2026-03-02")
    assert code == 0, said
    assert said.splitlines() == ["2026-03-02: 2 series counted anew from Kafka: the same"]
    assert items(settings, counted, APP) == []  # the day after, which is the newest


def query(database: str, query: str, *values: object) -> Any:
    with psycopg.connect(database, options="-c search_path=slo") as connection:
        return connection.execute(query.encode(), values).fetchone()


def change(database: str, query: str, *values: object) -> None:
    with psycopg.connect(database, options="-c search_path=slo") as connection:
        connection.execute(query.encode(), values)


@pytest.fixture
def folded(counted: str) -> str:
    """The same, folded into the rows of its days."""

    async def scenario() -> None:
        async with patient(counted) as database:
            await fold(database)

    asyncio.run(scenario())
    return counted


FIRST = "2026-03-02T12:00:00Z"


def test_where_they_differ_is_said(settings: Settings, folded: str) -> None:
    day = 20_514
    of_app = "series = (select id from series where app_key = %s) and day = %s"
    (packed,) = query(folded, f"select packed from day_counts where {of_app}", APP, day)  # noqa: S608
    more = add_to_day(packed, {720: (0, 2), 800: (1, 0)})
    change(folded, f"update day_counts set packed = %s where {of_app}", more, APP, day)  # noqa: S608
    change(folded, f"update day_sum set good = good + 1 where {of_app}", "com.other", day)  # noqa: S608
    change(folded, "update latency set packed = '\\x00' where series = (select id from series where app_key = %s)", APP)
    found = items(settings, folded, "--day", "2026-03-02")
    app_s, others = {"good": 2, "bad": 1}, {"good": 1, "bad": 0}
    assert found == [
        (APP, "minutes", 2, FIRST, {"good": 3, "bad": 3}, app_s),
        ("com.other", "sum", 1, "2026-03-02T00:00:00Z", {"good": 2, "bad": 0}, others),
        (APP, "latencies", 1, FIRST, None, {"good": 1, "bad": 0}),
    ]
    assert len(items(settings, folded, "com.other", "--day", "2026-03-02")) == 1
    code, said = check(settings, folded, "--day", "2026-03-02")
    assert code == 1
    assert said.splitlines()[-2] == "2026-03-02: 3 differences in 2 series counted anew from Kafka"
    assert "2 of its minutes" in said


def test_what_is_not_stored_at_all_is_said(settings: Settings, folded: str) -> None:
    change(folded, "delete from day_counts")
    change(folded, "delete from day_sum where day = %s", 20_514)
    found = items(settings, folded, APP, "--day", "2026-03-02")
    nothing, all_of_it = {"good": 0, "bad": 0}, {"good": 2, "bad": 1}
    assert [one[:2] + one[4:] for one in found] == [
        (APP, "minutes", nothing, all_of_it),
        (APP, "sum", nothing, all_of_it),
    ]


def test_what_kafka_has_lost_is_not_compared(settings: Settings, counted: str) -> None:
    async def lose() -> None:
        async with admin_client(settings) as admin:
            await admin.delete_records(
                {TopicPartition(settings.topics.input(WEBHOOK), 0): RecordsToDelete(before_offset=1)}
            )

    asyncio.run(lose())
    code, said = check(settings, counted, "--day", "2026-03-02")
    assert code == 1
    assert said.splitlines() == [
        f"not compared: Kafka no longer holds all of 2026-03-02 in {settings.topics.input(WEBHOOK)}[0]",
        "2026-03-02: 0 series counted anew from Kafka: nothing could be compared",
    ]
    assert check(settings, counted, "--day", "2026-03-03")[0] == 0


def test_nothing_to_check(settings: Settings, database: str) -> None:
    code, said = check(settings, database)
    assert code == 1
    assert "Nothing is counted yet" in said
    assert check(settings, database, "--day", "yesterday")[0] == 2
