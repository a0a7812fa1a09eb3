"""`slo-streams budgets` on a real Kafka and a real PostgreSQL."""

import asyncio

import orjson
import psycopg
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.exits import ExitCode
from streams.kafka.topic_setup import prepare_topics
from streams.names import AVAILABILITY, WEBHOOK
from streams.settings import Settings
from tests.cli.test_kafka_commands import environment, settings
from tests.history.sink import Sink, patient
from tests.model.build import check, clock_ms, delivery

__all__ = ["settings"]

APP = "com.example.app"


def run(settings: Settings, database: str, *arguments: str) -> tuple[int, str]:
    variables = environment(settings) | {"SLO_DATABASE_URL": database}
    result = CliRunner().invoke(app, ["budgets", *arguments], env=variables)
    return result.exit_code, result.output


@pytest.fixture
def counted(settings: Settings, database: str) -> str:
    """A database in which deliveries of one app were counted up to 12:04."""

    async def scenario() -> None:
        await prepare_topics(settings)
        async with patient(database) as one:
            for partition in range(settings.partitions):
                sink = Sink(one, settings.topics.input(WEBHOOK), partition, settings.partitions, settings)
                await sink.take_over()
                events = [delivery(f"12:0{i}:05", 500 if i == 3 else 204) for i in range(4)]
                sink.read([*events, delivery("12:04:10")])
                await sink.commit()

    asyncio.run(scenario())
    return database


def test_budgets_for_people_and_for_programs(settings: Settings, counted: str) -> None:
    code, said = run(settings, counted, APP)
    assert code == 0
    assert "com.example.app, as of 2026-03-02T12:04:00Z" in said
    (line,) = [line for line in said.splitlines() if "Jira Webhook Delivery" in line]
    assert "75 %" in line
    assert "EXHAUSTED" in line
    code, said = run(settings, counted, APP, "--json")
    assert code == 0
    document = orjson.loads(said)
    (item,) = document["items"]
    assert document["asOf"] == "2026-03-02T12:04:00Z"
    assert item == {
        "appKey": APP,
        "metricId": "webhook-delivery-success-rate",
        "scope": "Jira",
        "slo": "webhook-delivery",
        "target": "0.99",
        "periodDays": 28,
        "goodCount": 6,
        "badCount": 2,
        "coveredMinutes": 4,
        "state": "EXHAUSTED",
        "consumed": 25.0,
        "remainingEvents": -2,
        "burn": {"1h": 25.0, "6h": 25.0, "1d": 25.0, "3d": 25.0},
        "exhaustedAt": "2026-03-02T12:04:00Z",
        "breached": False,
    }


def test_the_budget_of_which_most_is_used_comes_first(settings: Settings, counted: str) -> None:
    async def scenario() -> None:
        async with patient(counted) as one:
            for partition in range(settings.partitions):
                sink = Sink(one, settings.topics.input(AVAILABILITY), partition, settings.partitions, settings)
                await sink.take_over()
                sink.read([check("12:00"), check("12:04:10")])
                await sink.commit()

    asyncio.run(scenario())
    code, said = run(settings, counted, APP, "--json")
    assert code == 0
    assert [item["metricId"] for item in orjson.loads(said)["items"]] == [WEBHOOK.id, AVAILABILITY.id]


def test_what_the_database_has_is_shown_whether_kafka_answers_or_not(settings: Settings, counted: str) -> None:
    with psycopg.connect(counted) as connection:
        connection.execute(
            """insert into slo.exclusion (part, "offset", id, reason, start_ms, end_ms)
            values (0, 0, 'ex-1', 'PLATFORM_FAULT', %s, %s)""",
            [clock_ms("12:03"), clock_ms("12:04")],
        )
        connection.execute(
            """insert into slo.alert (incident_id, type, app_key, metric, scope, objective, severity, reason,
            breached_at_ms, time_ms, part, "offset", record)
            values ('one', 'BREACH', %s, %s, 'Jira', 'o', 'page', 'BELOW_OBJECTIVE', 0, 0, 0, 0, '{}')""",
            [APP, WEBHOOK.id],
        )
    away = environment(settings) | {"SLO_DATABASE_URL": counted, "SLO_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    result = CliRunner().invoke(app, ["budgets", APP, "--json"], env=away)
    assert result.exit_code == 0, result.output
    (item,) = orjson.loads(result.output)["items"]
    assert (item["goodCount"], item["badCount"], item["breached"]) == (6, 0, True)


def test_an_app_of_which_nothing_is_counted(settings: Settings, counted: str) -> None:
    code, said = run(settings, counted, "com.example.other")
    assert code == 1
    assert "Nothing is counted for com.example.other yet" in said


def test_a_database_of_another_schema_or_none(settings: Settings, empty_database: str) -> None:
    variables = {"SLO_BOOTSTRAP_SERVERS": "127.0.0.1:1", "SLO_DATABASE_URL": empty_database}
    result = CliRunner().invoke(app, ["budgets", APP], env=variables)
    code, said = result.exit_code, result.output
    assert code == ExitCode.REFUSED
    assert "slo-streams database migrate" in said
    code, said = run(settings, "postgresql://nobody@127.0.0.1:1/none", APP)
    assert code == ExitCode.UNAVAILABLE
