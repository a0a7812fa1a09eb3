"""The commands that ask Kafka, against a real one."""

import asyncio
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import OffsetAndMetadata
from typer.testing import CliRunner

from streams.cli.app import app
from streams.exits import ExitCode
from streams.kafka.cluster import admin_client, existing_topics
from streams.kafka.commit_mark import CommitMark
from streams.kafka.topic_setup import prepare_topics
from streams.settings import Settings
from tests.cli.alerts import BREACH, RECOVERY
from tests.kafka_fixture import Kafka, completed
from tests.waiting import wait_for

WATERMARK_MS = 1_772_460_000_000


@pytest.fixture
def settings(kafka: Kafka, topic_prefix: str) -> Settings:
    """An installation of its own, still without topics."""
    return Settings(
        bootstrap_servers=kafka.bootstrap_servers,
        topic_prefix=topic_prefix,
        application_id=f"{topic_prefix}app",
        partitions=2,
        replication_factor=1,
    )


def environment(settings: Settings) -> dict[str, str]:
    names = ("bootstrap_servers", "topic_prefix", "application_id", "partitions", "replication_factor")
    return {f"SLO_{name.upper()}": str(getattr(settings, name)) for name in names}


def run(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Exit code and all that was said."""
    result = CliRunner().invoke(app, arguments, env=environment(settings))
    return result.exit_code, result.output


async def publish(settings: Settings, *alerts: dict[str, Any], aborted: bool = False) -> None:
    """Write alerts as the evaluator does, or begin to and fail."""
    whose = f"{settings.application_id}-test"
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, transactional_id=whose)
    await producer.start()
    try:
        await producer.begin_transaction()
        for alert in alerts:
            key = orjson.dumps([alert["appKey"], alert["metricId"], alert["scope"], alert["objective"]])
            await producer.send_and_wait(settings.topics.alerts, orjson.dumps(alert), alert["appKey"].encode())
            await producer.send_and_wait(settings.topics.alert_state, orjson.dumps(alert), key)
        await (producer.abort_transaction() if aborted else producer.commit_transaction())
    finally:
        await producer.stop()
    await completed(settings.bootstrap_servers, whose)


async def judge_webhooks(settings: Settings, by: str | None = None) -> None:
    """Three webhook events in partition 1, of which two are judged up to `WATERMARK_MS`; `by` another application."""
    topic = f"{settings.topic_prefix}webhook.v1"
    whose = f"{settings.application_id}-test"
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, transactional_id=whose)
    await producer.start()
    try:
        async with producer.transaction():
            for _ in range(3):
                await producer.send_and_wait(topic, b"{}", partition=1)
            mark = CommitMark(by or settings.application_id, settings.partitioner, WATERMARK_MS)
            offset = OffsetAndMetadata(2, mark.metadata)
            await producer.send_offsets_to_transaction({TopicPartition(topic, 1): offset}, settings.application_id)
    finally:
        await producer.stop()
    await completed(settings.bootstrap_servers, whose)


def test_topics_are_missing_until_they_are_created(settings: Settings) -> None:
    code, said = run(settings, "topics")
    assert code == 1
    assert said.count("missing") >= 14
    assert "--create" in said

    code, said = run(settings, "topics", "--create")
    assert code == 0
    assert said.count("created ") == 19
    assert "missing" not in said
    assert run(settings, "topics")[0] == 0


def test_only_gateway_and_notifier_miss_their_topics(settings: Settings) -> None:
    asyncio.run(prepare_topics(settings))
    code, said = run(settings, "topics")
    assert code == 0
    assert said.count("only slo-streams gateway needs it") == 3
    assert said.count("only slo-streams notifier needs it") == 2
    documents = orjson.loads(run(settings, "topics", "--json")[1])
    assert [one["state"] for one in documents].count("ok") == len(documents) - 5


def test_a_topic_in_the_wrong_shape_is_told(kafka: Kafka, settings: Settings) -> None:
    async def scenario() -> None:
        await kafka.create_topic(settings.topics.alert_state, cleanup_policy="delete")
        await kafka.create_topic(f"{settings.application_id}-webhook-panes-changelog", cleanup_policy="compact")
        await kafka.create_topic(f"{settings.topic_prefix}webhook.v1", partitions=3)
        async with admin_client(settings) as admin:

            async def are_visible() -> bool:
                return sum(name.startswith(settings.topic_prefix) for name in await existing_topics(admin)) == 3

            await wait_for(are_visible, 60, "the topics to be seen")

    asyncio.run(scenario())
    code, said = run(settings, "topics")
    assert code == 1
    assert "set cleanup.policy=compact" in said
    assert "has 1 partition, but" in said
    code, said = run(settings, "topics", "--create")
    assert code == 1
    assert "cleanup.policy=compact" in said


def test_exclusions_that_are_soon_merged_are_warned_of(
    kafka: Kafka, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.run(kafka.create_topic(settings.topics.exclusions, cleanup_policy="compact"))
    with caplog.at_level(logging.WARNING, "streams"):
        asyncio.run(prepare_topics(settings))
    assert f"{settings.topics.exclusions} has min.compaction.lag.ms=0: after a restart" in caplog.text
    code, said = run(settings, "topics")
    assert code == 0
    assert f"--entity-name {settings.topics.exclusions} --add-config min.compaction.lag.ms=3024000000" in said


def test_status_before_anything_exists(settings: Settings) -> None:
    code, said = run(settings, "status")
    assert code == 0
    assert said.count("not created yet") == 5


def test_what_others_named_is_shown_as_they_wrote_it(settings: Settings) -> None:
    named = BREACH | {"appKey": "[/x][red]:cat:", "appDetails": {"name": "[bold]", "partnerName": "[/]"}}

    async def scenario() -> None:
        await prepare_topics(settings)
        await publish(settings, named)

    asyncio.run(scenario())
    for command in (("status",), ("alerts", "list", "--since", "2022-03-24T00:00:00Z")):
        code, said = run(settings, *command)
        assert code == 0
        assert "[/x][red]:cat:" in said


def test_status_shows_what_is_to_read_and_what_is_breached(settings: Settings) -> None:
    async def scenario() -> None:
        await prepare_topics(settings)
        await judge_webhooks(settings)
        await publish(settings, BREACH, BREACH | {"scope": "Confluence"})
        await publish(settings, RECOVERY | {"scope": "Confluence"})

    asyncio.run(scenario())
    fault = ("--all-apps", "--reason", "platform-fault", "--start", "2026-03-02T14:00:00Z", "--id", "CHG-1")
    assert run(settings, "exclude", "add", *fault)[0] == 0
    code, said = run(settings, "status")
    assert "Left out now by CHG-1: platform fault of all apps, all metrics, from 2026-03-02 14:00:00Z" in said
    assert code == 0
    (row,) = [line.split() for line in said.splitlines() if f"{settings.topic_prefix}webhook.v1" in line]
    assert row[1:5] == ["2", "2", "2026-03-02", "14:00:00Z"]  # the transaction's marker is to be read, too
    assert said.count("no event yet") == 3
    assert "FOotlQrY5ZQ" in said
    assert "Confluence" not in said

    code, said = run(settings, "status", "--json")
    document = orjson.loads(said)
    assert code == 0
    assert document["topics"][f"{settings.topic_prefix}webhook.v1"] == [
        {"partition": 0, "nextOffset": 0, "endOffset": 0, "lag": 0, "watermark": None},
        {"partition": 1, "nextOffset": 2, "endOffset": 4, "lag": 2, "watermark": WATERMARK_MS},
    ]
    assert document["openBreaches"] == [BREACH]


@contextmanager
def tail(settings: Settings, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "alerts", "tail", *arguments],
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.timeout(300)
def test_tail_shows_committed_alerts_and_then_new_ones(settings: Settings) -> None:
    async def setup() -> None:
        await prepare_topics(settings)
        await publish(settings, BREACH | {"incidentId": "never-alarm"}, aborted=True)
        await publish(settings, BREACH)

    asyncio.run(setup())
    with tail(settings, "--from-start") as lines, tail(settings, "--from-start", "--json") as records:
        assert lines.stdout is not None
        assert records.stdout is not None
        for output in (lines.stdout, records.stdout):
            assert output.readline() == "Alerts are shown as they come. Ctrl-C ends it.\n"
        assert "2022-03-24 12:05:00Z  BREACH    com.acme.charts" in lines.stdout.readline()
        assert orjson.loads(records.stdout.readline()) == BREACH
        asyncio.run(publish(settings, RECOVERY))
        assert "RECOVERY  com.acme.charts" in lines.stdout.readline()
        assert orjson.loads(records.stdout.readline()) == RECOVERY
        lines.send_signal(signal.SIGINT)
        assert lines.communicate(timeout=100)[0] == ""
        assert lines.returncode == 0


def test_tail_before_the_topic_exists_says_who_makes_it(settings: Settings) -> None:
    code, said = run(settings, "alerts", "tail")
    assert code == 1
    assert settings.topics.alerts in said
    assert "slo-streams worker" in said


def test_alerts_of_a_time_and_an_app_are_listed(settings: Settings) -> None:
    asyncio.run(prepare_topics(settings))
    assert run(settings, "alerts", "list") == (0, "No alerts.\n")
    other = BREACH | {"appKey": "com.acme.forms", "time": "2022-03-24T12:04:00Z"}
    excluded = RECOVERY | {"reason": "EXCLUDED", "time": "2022-03-24T12:09:00Z"}
    asyncio.run(publish(settings, BREACH, other, excluded))
    fault = (
        "--all-apps",
        "--reason",
        "platform-fault",
        "--start",
        "2022-03-24T12:00:00Z",
        "--for",
        "1h",
        "--id",
        "CHG-9",
    )
    assert run(settings, "exclude", "add", *fault)[0] == 0

    since = ("--since", "2022-03-24T12:00:00Z")
    code, said = run(settings, "alerts", "list", *since)
    assert code == 0
    assert [line[:20] for line in said.splitlines()] == [f"2022-03-24 12:{minute:02}:00Z" for minute in (4, 5, 9)]
    # What was known when the boundary was judged: the fault was declared long after it.
    assert "left out: planned downtime" in said
    assert "com.acme.charts" not in run(settings, "alerts", "list", *since, "--app", "com.acme.forms")[1]
    code, said = run(settings, "alerts", "list", "--since", "2022-03-24T12:05:00Z", "--json")
    assert orjson.loads(said) == [BREACH, excluded]
    assert "No alerts" in run(settings, "alerts", "list")[1]
    assert run(settings, "alerts", "list", "--app", "unknown", *since) == (0, "No alerts of unknown.\n")


@pytest.mark.parametrize(
    "command", [("status",), ("topics",), ("topics", "--create"), ("alerts", "tail"), ("alerts", "list")]
)
def test_without_a_broker_one_sentence_says_what_to_look_at(command: tuple[str, ...]) -> None:
    code, said = run(Settings(bootstrap_servers="127.0.0.1:1"), *command)
    assert code == ExitCode.UNAVAILABLE
    assert "SLO_BOOTSTRAP_SERVERS" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [("status",), ("topics",), ("alerts", "tail"), ("alerts", "list")])
def test_wrong_settings_are_named(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, command, env={"SLO_PARTITIONS": "none"})
    assert result.exit_code == 2
    assert "SLO_PARTITIONS" in result.output
