"""`slo-streams doctor` against a real Kafka: it tells what is wrong, and leaves nothing behind."""

import asyncio
import time
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.doctor import clock as doctor_clock
from streams.doctor import rights
from streams.doctor.checksums import check_checksums
from streams.doctor.clock import check_clock, check_heartbeats, wall_clock_ms
from streams.doctor.finding import Level
from streams.exits import ExitCode
from streams.kafka.cluster import admin_client
from streams.kafka.specs import topics_needed
from streams.kafka.topic_setup import prepare_topics
from streams.names import WEBHOOK, changelog
from streams.settings import Clock, Settings
from tests.cli.test_kafka_commands import environment, judge_webhooks, settings
from tests.cli.test_windows_command import APP, commit, delivery
from tests.e2e.flow import Flow
from tests.kafka_fixture import Kafka
from tests.waiting import wait_for

__all__ = ["settings"]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy broker may take its time."""
    for module in (doctor_clock, rights):
        monkeypatch.setattr(module, "_TIMEOUT_S", 60.0)


def run(settings: Settings, **more: str) -> tuple[int, dict[str, str]]:
    """Exit code, and what was said of each subject, after its level."""
    result = CliRunner().invoke(app, ["doctor"], env=environment(settings) | more)
    findings: dict[str, str] = {}
    subject = ""
    for line in result.output.splitlines():
        if line.startswith(" "):
            findings[subject] += " " + line.strip()
        else:
            level, subject_and_said = line.split(maxsplit=1)
            subject, _, said = subject_and_said.partition(": ")
            findings[subject] = " ".join([*filter(None, [findings.get(subject)]), level, said])
    return result.exit_code, findings


def server(settings: Settings) -> str:
    return f"server {settings.bootstrap_servers}"


def test_a_cluster_where_all_is_well(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(prepare_topics(settings))
    code, findings = run(settings)
    assert code == 0
    assert {said.split()[0] for said in findings.values()} == {"ok"}
    assert all(spec.name in " ".join(findings.values()) for spec in topics_needed(settings))
    assert "well set" in findings[f"{len(topics_needed(settings))} topics"]
    told = orjson.loads(CliRunner().invoke(app, ["doctor", "--json"], env=environment(settings)).stdout)
    assert {one["level"] for one in told} == {"ok"}
    assert findings["writing"] == "ok transactions work on 8 topics and the group's offsets"
    assert findings["clock"] == "ok the broker's and the one here agree to the second"

    async def nothing_is_left() -> None:
        flow = Flow(settings.bootstrap_servers, settings.topic_prefix, tmp_path, partitions=settings.partitions)
        for spec in topics_needed(settings):
            assert await flow.read(spec.name) == []
        assert await flow.committed() == {}

    asyncio.run(nothing_is_left())


@pytest.mark.parametrize(("clock", "levels"), [(Clock.LIVE, [Level.WARNING]), (Clock.EVENT, [])])
def test_without_heartbeats_the_clock_of_each_worker_stands_in(clock: Clock, levels: list[Level]) -> None:
    assert check_heartbeats(Settings(clock=clock)) == []
    found = check_heartbeats(Settings(clock=clock, heartbeat_interval=0))
    assert [one.level for one in found] == levels
    assert all("SLO_HEARTBEAT_INTERVAL=0" in one.said and "own machine" in one.said for one in found)


def test_the_state_of_a_worker_survives_a_look(settings: Settings) -> None:
    commit(settings, delivery(0, 200), delivery(1, 200))
    assert run(settings)[0] == 0
    result = CliRunner().invoke(app, ["windows", APP, "--metric", "webhook"], env=environment(settings))
    assert result.exit_code == 0


def test_topics_that_are_missing(settings: Settings) -> None:
    code, findings = run(settings)
    assert code == 1
    assert findings["topics"].startswith(f"problem {len(topics_needed(settings))} missing")
    assert {spec.name for spec in topics_needed(settings)} < set(findings["topics"].split())
    assert "slo-streams topics --create" in findings["topics"]
    assert findings["reading"] == findings["writing"] == "ok skipped: none of these topics is there"
    assert "replication" not in findings


def test_more_replicas_than_brokers(settings: Settings) -> None:
    code, findings = run(settings, SLO_REPLICATION_FACTOR="3")
    assert code == 1
    assert findings["replication"].startswith("problem SLO_REPLICATION_FACTOR=3, but the cluster has 1 broker")
    assert "set SLO_REPLICATION_FACTOR=1" in findings["replication"]


def test_topics_that_are_set_wrong(kafka: Kafka, settings: Settings) -> None:
    names = settings.topics
    rows = changelog(settings.application_id, WEBHOOK)

    async def scenario() -> None:
        await kafka.create_topic(names.input(WEBHOOK), partitions=3, retention_ms="60000")
        await kafka.create_topic(rows, partitions=2, cleanup_policy="delete")
        await kafka.create_topic(names.alerts, cleanup_policy="compact", max_message_bytes="1000")
        await kafka.create_topic(names.alert_state, cleanup_policy="compact", min_insync_replicas="2")
        await kafka.create_topic(names.exclusions, cleanup_policy="compact", min_compaction_lag_ms="60000")
        made = {names.input(WEBHOOK), rows, names.alerts, names.alert_state, names.exclusions}
        async with admin_client(settings) as admin:

            async def are_visible() -> bool:
                return made <= {*await admin.list_topics()}

            await wait_for(are_visible, 60, "the topics to be seen")

    asyncio.run(scenario())
    code, findings = run(settings, SLO_REPLICATION_FACTOR="3")
    assert code == 1
    assert f"problem has 2 partitions, but {names.input(WEBHOOK)} has 3" in findings[rows]
    assert "problem cleanup.policy=delete forgets state by age" in findings[rows]
    assert "warning each has 1 replica, fewer than SLO_REPLICATION_FACTOR=3" in findings["5 topics"]
    assert rows in findings["5 topics"]
    assert "warning keeps records for 0.01667 h, but its longest window is 0.2528 h" in findings[names.input(WEBHOOK)]
    assert "set retention.ms to at least 910000" in findings[names.input(WEBHOOK)]
    assert "problem cleanup.policy=compact keeps one record a key" in findings[names.alerts]
    assert "problem max.message.bytes=1000:" in findings[names.alerts]
    assert "warning min.insync.replicas=2, but it has 1 replica:" in findings[names.alert_state]
    assert "warning has min.compaction.lag.ms=60000: after a restart" in findings[names.exclusions]
    assert findings[names.exclusions].endswith(
        f"kafka-configs.sh --bootstrap-server {settings.bootstrap_servers} --alter --entity-type topics "
        f"--entity-name {names.exclusions} --add-config min.compaction.lag.ms=3024000000"
    )
    assert "warning has message.timestamp.type=CreateTime: a producer whose clock" in findings[names.input(WEBHOOK)]
    assert f"{names.input(WEBHOOK)} --add-config message.timestamp.type=LogAppendTime" in findings[names.input(WEBHOOK)]


def test_transactions_that_are_refused(settings: Settings) -> None:
    """The brokers allow none of more than 15 minutes."""
    asyncio.run(prepare_topics(settings))
    code, findings = run(settings, SLO_SESSION_TIMEOUT="20m")
    assert code == 1
    assert findings["transactions"].startswith("problem refused: InvalidTransactionTimeout")
    assert "SLO_SESSION_TIMEOUT" in findings["transactions"]
    assert findings["clock"].startswith("warning not measured")
    assert "writing" not in findings


def test_nobody_reads_what_is_there(settings: Settings) -> None:
    async def setup() -> None:
        await prepare_topics(settings)
        await judge_webhooks(settings)

    asyncio.run(setup())
    code, findings = run(settings)
    assert code == 0
    group = findings[f"group {settings.application_id}"]
    assert group.startswith("warning 0 workers (Empty), 2 records to read")
    assert "slo-streams worker" in group


def test_somebody_else_commits_in_the_group(settings: Settings) -> None:
    async def setup() -> None:
        await prepare_topics(settings)
        await judge_webhooks(settings, by="somebody")

    asyncio.run(setup())
    code, findings = run(settings)
    assert code == 0
    group = findings[f"group {settings.application_id}"]
    assert f"somebody else has committed {settings.topics.input(WEBHOOK)}[1] in it" in group
    assert group.startswith("warning")


@pytest.mark.parametrize(("shift_ms", "said"), [(60_000, "behind"), (-8_000, "ahead")])
def test_a_clock_that_is_wrong(settings: Settings, shift_ms: int, said: str) -> None:
    async def scenario() -> None:
        await prepare_topics(settings)
        finding = await check_clock(settings, lambda: wall_clock_ms() + shift_ms)
        assert finding.level is Level.WARNING
        assert said in finding.said

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "transport",
    [
        {"SLO_SECURITY_PROTOCOL": "SSL"},
        {"SLO_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SLO_SASL_USERNAME": "u", "SLO_SASL_PASSWORD": "p"},
    ],
)
def test_a_server_with_another_transport(settings: Settings, transport: dict[str, str]) -> None:
    code, findings = run(settings, **transport)
    assert code == 1
    assert findings[server(settings)].startswith("problem")
    assert "SLO_SECURITY_PROTOCOL" in findings[server(settings)]
    assert set(findings) == {
        "settings",
        "objectives",
        "other settings",
        "checksums",
        "database",
        server(settings),
    }


def test_when_no_server_answers_each_is_named_soon() -> None:
    started_s = time.monotonic()
    code, findings = run(Settings(bootstrap_servers="127.0.0.1:1,no-such-host.invalid:9092"))
    assert code == ExitCode.UNAVAILABLE
    assert "nothing listens there" in findings["server 127.0.0.1:1"]
    assert findings["server no-such-host.invalid:9092"].startswith("problem")
    assert time.monotonic() - started_s < Settings().broker_patience / 1_000 / 5  # it does not wait as workers do


def test_what_else_is_wrong_is_looked_at_first(tmp_path: Path) -> None:
    faulty = tmp_path / "objectives.yaml"
    faulty.write_text("kind: SLO\n")
    code, _ = run(Settings(bootstrap_servers="127.0.0.1:1"), SLO_OBJECTIVES=str(faulty))
    assert code == ExitCode.FAILED


def test_one_server_of_two_is_away(settings: Settings) -> None:
    asyncio.run(prepare_topics(settings))
    code, findings = run(settings, SLO_BOOTSTRAP_SERVERS=f"127.0.0.1:1,{settings.bootstrap_servers}")
    assert code == 1
    assert findings["server 127.0.0.1:1"].startswith("problem")
    assert findings["writing"].startswith("ok")


def test_objectives_that_cannot_be_read(settings: Settings, tmp_path: Path) -> None:
    faulty = tmp_path / "objectives.yaml"
    faulty.write_text("kind: SLO\n")
    code, findings = run(settings, SLO_OBJECTIVES=str(faulty))
    assert code == 1
    assert findings["objectives"].startswith(f"problem {faulty}")


@pytest.mark.parametrize(
    ("ours", "theirs", "level", "said"),
    [
        (True, True, Level.OK, "in C"),
        (False, True, Level.WARNING, "google-crc32c runs without its C library"),
        (False, False, Level.PROBLEM, "aiokafka runs without its C parts"),
        (True, False, Level.PROBLEM, "aiokafka runs without its C parts"),
    ],
)
def test_checksums_that_would_be_slow_are_told(*, ours: bool, theirs: bool, level: Level, said: str) -> None:
    finding = check_checksums(is_ours_fast=ours, is_theirs_fast=theirs)
    assert finding.level is level
    assert said in finding.said


def test_wrong_settings() -> None:
    result = CliRunner().invoke(app, ["doctor"], env={"SLO_PARTITIONS": "none"})
    assert result.exit_code == 2
    assert "SLO_PARTITIONS" in result.output


def test_settings_of_other_services_are_read_as_they_would(tmp_path: Path) -> None:
    targets = tmp_path / "targets.yaml"
    targets.write_text("targets: [{id: ops, channel: pigeon}]")
    none = Settings(bootstrap_servers="127.0.0.1:1")
    code, findings = run(none, SLO_GATEWAY_RATE="fast", SLO_TARGETS=str(targets))
    assert code == 1
    assert "SLO_GATEWAY_RATE" in findings["settings of gateway"]
    assert "pigeon" in findings["settings of notifier"]
    assert findings["other settings"] == "ok valid: history, dashboard"
