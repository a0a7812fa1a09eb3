"""`slo-streams windows`: what a worker committed, shown pane by pane."""

import asyncio
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.kafka.placement import partition_of
from streams.kafka.topic_setup import prepare_topics
from streams.names import WEBHOOK, changelog
from streams.objectives import load_objectives
from streams.reference.reference import Reference
from streams.settings import Settings
from streams.turn import finish
from streams.unit.failpoints import Failpoint
from streams.unit.store import KafkaStore
from streams.unit.unit import Unit
from tests.build import NEW, chunk
from tests.cli.test_kafka_commands import environment, settings
from tests.model import Record

APP = "com.acme.charts"
START_MS = 1_772_460_000_000
MINUTE_MS = 60_000

__all__ = ["settings"]


def delivery(minute: int, status_code: int, product: str = "Jira") -> Record:
    time_ms = START_MS + minute * MINUTE_MS
    event: dict[str, Any] = {"appKey": APP, "time": time_ms, "product": product, "clientKey": "c", "event": "e"}
    value = orjson.dumps(event | {"statusCode": status_code})
    return Record("slo.webhook.v1", 0, APP.encode(), value, time_ms)


def commit(settings: Settings, *records: Record) -> None:
    """Judge events as a worker does, and commit them."""

    async def scenario() -> None:
        await prepare_topics(settings)
        partition = partition_of(APP.encode(), settings.partitions, settings.partitioner)
        unit = Unit(
            WEBHOOK,
            settings.topics,
            settings.application_id,
            partition,
            lambda _key: True,
            load_objectives(),
            10_000,
            Reference(settings.topics),
            NEW,
        )
        finish(unit.apply(chunk(*records), None))
        work = unit.take_work()
        assert work is not None
        rows = changelog(settings.application_id, WEBHOOK)
        for what in (work, None):  # whoever opens it next waits until all of the last commit can be read
            ledger = KafkaStore(settings, settings.topics.input(WEBHOOK), partition, rows, Failpoint(None))
            await ledger.open()
            try:
                if what is not None:
                    await ledger.write(what)
            finally:
                await ledger.close()

    asyncio.run(scenario())


def run(settings: Settings, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["windows", *arguments], env=environment(settings))
    return result.exit_code, result.output


def test_panes_and_windows_of_an_app(settings: Settings) -> None:
    commit(settings, delivery(0, 200), delivery(0, 500), delivery(2, 204), delivery(3, 204, "Confluence"))
    code, said = run(settings, APP, "--metric", "webhook", "--json")
    assert code == 0
    jira, confluence = sorted(orjson.loads(said), key=lambda one: one["scope"], reverse=True)
    assert jira["panes"] == [
        {"start": START_MS, "goodCount": 1, "badCount": 1, "byApp": False},
        {"start": START_MS + 2 * MINUTE_MS, "goodCount": 1, "badCount": 0, "byApp": False},
    ]
    # Seen up to minute 3: minute 2 is judged, minute 3 waits for late events.
    assert jira["windows"] == [
        {
            "objective": "webhook-delivery-15m",
            "windowStart": START_MS - 12 * MINUTE_MS,
            "windowEnd": START_MS + 3 * MINUTE_MS,
            "goodCount": 2,
            "badCount": 1,
            "breachedAt": START_MS + MINUTE_MS,
        }
    ]
    assert confluence["windows"][0]["breachedAt"] is None

    code, said = run(settings, APP, "--scope", "Jira")
    assert code == 0
    assert "Confluence" not in said
    (row,) = [" ".join(line.split()) for line in said.splitlines() if "webhook-delivery-15m" in line]
    assert row == ("webhook-delivery-15m 15m 2026-03-02 14:03:00Z 2 1 66.667 % misses 99 % since 2026-03-02 14:01:00Z")


def test_an_app_of_which_nothing_is_stored(settings: Settings) -> None:
    commit(settings, delivery(0, 200))
    code, said = run(settings, "com.acme.unknown")
    assert code == 1
    assert "Nothing is stored for com.acme.unknown" in said


def test_before_a_worker_has_run(settings: Settings) -> None:
    code, said = run(settings, APP)
    assert code == 1
    assert "slo-streams worker" in said


@pytest.mark.parametrize("arguments", [(), (APP, "--metric", "latency")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["windows", *arguments]).exit_code == 2
