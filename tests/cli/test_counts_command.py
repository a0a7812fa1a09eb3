"""`slo-streams counts` on a real Kafka and a real PostgreSQL."""

import asyncio
from collections.abc import Sequence

import orjson
from typer.testing import CliRunner

from streams.cli.app import app
from streams.kafka.topic_setup import prepare_topics
from streams.names import IFRAME, Topics
from streams.settings import Settings
from tests.cli.test_budgets_command import APP, counted
from tests.cli.test_kafka_commands import environment, settings
from tests.history.sink import Sink, patient
from tests.history.test_retention import forget_in
from tests.model import Record
from tests.model.build import clock_ms, delivery, record

__all__ = ["counted", "settings"]


def run(settings: Settings, database: str, *arguments: str) -> tuple[int, str]:
    variables = environment(settings) | {"SLO_DATABASE_URL": database}
    result = CliRunner().invoke(app, ["counts", APP, *arguments], env=variables)
    return result.exit_code, result.output


def test_counts_for_people_and_for_programs(settings: Settings, counted: str) -> None:
    code, said = run(settings, counted, "webhook", "--from", "2026-03-02T12:02:00Z", "--json")
    assert code == 0
    nothing = [None, None]
    assert orjson.loads(said) == {
        "asOf": "2026-03-02T12:04:00Z",
        "from": "2026-03-02T12:02:00Z",
        "step": 60,
        "good": [2, 0],
        "bad": [0, 2],
        "excluded": [0, 0],
        "p50": nothing,
        "p90": nothing,
        "p99": nothing,
    }
    code, said = run(settings, counted, "webhook", "--step", "300", "--to", "2026-03-02T12:01:00Z")
    assert code == 0
    last = said.splitlines()[-1].split()
    assert last == ["2026-03-02T12:00:00Z", "8", "2", "0"]


def count(settings: Settings, database: str, records: Sequence[Record]) -> None:
    """Have every partition of their topic count them."""
    topic = settings.topics.prefix + records[0].topic.removeprefix("slo.")

    async def scenario() -> None:
        async with patient(database) as one:
            for partition in range(settings.partitions):
                sink = Sink(one, topic, partition, settings.partitions, settings)
                await sink.take_over()
                sink.read(records)
                await sink.commit()

    asyncio.run(scenario())


def test_what_is_in_no_budget_is_shown_when_it_is_named(settings: Settings, database: str) -> None:
    asyncio.run(prepare_topics(settings))
    test = {"appKey": APP, "product": "Jira", "clientKey": "c-1", "time": clock_ms("12:00"), "status": "FAIL"}
    count(settings, database, [Record(Topics().synthetic, 0, APP.encode(), orjson.dumps(test), clock_ms("12:02"))])
    by_app = record(IFRAME.id, "12:00", source="APP", status="FAIL", group="DFR")
    count(settings, database, [record(IFRAME.id, at, group="DFR") for at in ("12:00", "12:02")] + [by_app])
    window = "--from", "2026-03-02T12:00:00Z", "--to", "2026-03-02T12:01:00Z", "--json"
    each = settings.partitions  # the same events in each

    def shown(*arguments: str) -> tuple[list[int], list[int]]:
        code, said = run(settings, database, *arguments, *window)
        assert code == 0, said
        document = orjson.loads(said)
        return document["good"], document["bad"]

    assert shown("synthetic") == ([0], [each])
    assert shown("iframe", "--source", "group:DFR") == ([0], [each])
    assert shown("iframe", "--source", "group:DFR:HOST") == ([each], [0])
    code, said = run(settings, database, "iframe", "--source", "group:EAP")
    assert code == 1
    assert "There is: group:DFR (--source)" in said
    assert run(settings, database, "iframe")[0] == 1


def test_days_are_shown_for_longer_than_minutes_are_kept(settings: Settings, database: str) -> None:
    asyncio.run(prepare_topics(settings))
    at = ("12:00", "13:00", "+1d 12:00", "+40d 12:00", "+41d 12:00", "+42d 00:10")
    count(settings, database, [delivery(one, 500 if one == "12:00" else 204) for one in at])
    asyncio.run(forget_in(database))
    days = "webhook", "--step", "86400", "--json", "--from"
    code, said = run(settings, database, *days, "2026-03-02T00:00:00Z")
    assert code == 0
    each = settings.partitions
    document = orjson.loads(said)
    assert document["from"] == "2026-03-02T00:00:00Z"
    assert document["good"] == [each, each, *[0] * 38, each, each, each]
    assert document["bad"] == [each, *[0] * 42]
    assert document["excluded"] == [0] * 43
    assert document["p50"] == [None] * 43
    assert run(settings, database, "webhook", "--step", "3600", "--from", "2026-03-02T00:00:00Z")[0] == 2
    assert run(settings, database, *days, "2020-01-01T00:00:00Z")[0] == 2


def test_what_cannot_be_shown(settings: Settings, counted: str) -> None:
    assert run(settings, counted, "iframe")[0] == 1
    assert run(settings, counted, "webhook", "--scope", "Confluence")[0] == 1
    assert run(settings, counted, "webhook", "--step", "61")[0] == 2
    code, said = run(settings, counted, "webhook", "--from", "2000-01-01T00:00:00Z")
    assert code == 2
    assert "at most 36 days" in said
