"""`slo-streams prober` as an operator runs it: what it says, how it ends."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from aiokafka import AIOKafkaConsumer

from streams.exits import ExitCode
from tests.kafka_fixture import Kafka
from tests.prober.servers import healthy, refusing, serving

COMMAND = (sys.executable, "-c", "from streams.cli import main; main()", "prober")


def environment(**settings: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLO_")}
    allowed = {"PROBER_ALLOW_PRIVATE": "true"}
    return clean | {"TERM": "dumb"} | {f"SLO_{name}": value for name, value in (allowed | settings).items()}


def write_list(folder: Path, urls: Sequence[str]) -> Path:
    path = folder / "apps.yaml"
    path.write_text("".join(f"- {{appKey: com.example.app, url: '{url}'}}\n" for url in urls))
    return path


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(**settings), capture_output=True, text=True, timeout=100, check=False
    )


def test_help_shows_an_example_and_the_exit_codes() -> None:
    ended = run("--help")
    assert ended.returncode == 0
    assert "slo-streams prober urls.yaml" in ended.stdout
    assert "Exit codes" in ended.stdout


def test_a_bad_list_is_explained_and_nothing_is_started(tmp_path: Path) -> None:
    path = write_list(tmp_path, ["https://a.example/", "gopher://a.example/", "nonsense"])
    ended = run(str(path), BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert ended.returncode == 2
    assert [line.removeprefix(f"{path}:")[0] for line in ended.stderr.splitlines()] == ["2", "3"]


@pytest.mark.parametrize("interval", ["often", "0s", "999ms"])
def test_a_bad_interval_is_a_usage_error(tmp_path: Path, interval: str) -> None:
    ended = run(str(write_list(tmp_path, ["https://a.example/"])), "--interval", interval)
    assert ended.returncode == 2
    assert "--interval" in ended.stderr


def test_bad_settings_are_named(tmp_path: Path) -> None:
    ended = run(str(write_list(tmp_path, ["https://a.example/"])), PARTITIONER="md5", PARTITIONS="0")
    assert ended.returncode == 2
    assert "SLO_PARTITIONER" in ended.stderr
    assert "SLO_PARTITIONS" in ended.stderr


def test_without_kafka_it_says_what_to_look_at(tmp_path: Path) -> None:
    with refusing() as nowhere:
        servers = nowhere.removeprefix("http://")
        ended = run(str(write_list(tmp_path, ["https://a.example/"])), "--once", BOOTSTRAP_SERVERS=servers)
    assert ended.returncode == ExitCode.UNAVAILABLE
    assert servers in ended.stderr
    assert "SLO_BOOTSTRAP_SERVERS" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Unclosed" not in ended.stderr


def test_without_the_topic_it_says_who_makes_it(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> None:
    path = write_list(tmp_path, ["https://a.example/"])
    ended = run(str(path), "--once", BOOTSTRAP_SERVERS=kafka.bootstrap_servers, TOPIC_PREFIX=topic_prefix)
    assert ended.returncode == 1
    assert f"{topic_prefix}healthcheck.v1" in ended.stderr
    assert "slo-streams worker" in ended.stderr


def test_without_a_catalogue_it_says_who_makes_it(kafka: Kafka, topic_prefix: str) -> None:
    asyncio.run(kafka.create_topic(f"{topic_prefix}healthcheck.v1"))
    ended = run(BOOTSTRAP_SERVERS=kafka.bootstrap_servers, TOPIC_PREFIX=topic_prefix)
    assert ended.returncode == 1
    assert f"{topic_prefix}apps.v1" in ended.stderr
    assert "slo-streams worker" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_is_refused_is_said_and_not_reported(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        topic = await kafka.create_topic(f"{topic_prefix}healthcheck.v1")
        path = write_list(tmp_path, ["https://127.0.0.1/", "https://a.invalid/"])
        env = environment(
            BOOTSTRAP_SERVERS=kafka.bootstrap_servers, TOPIC_PREFIX=topic_prefix, PROBER_ALLOW_PRIVATE="false"
        )
        prober = await asyncio.create_subprocess_exec(
            *COMMAND, str(path), "--once", env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        _, said = await prober.communicate()
        assert prober.returncode == 0
        assert "not checked: 'https://127.0.0.1/' of 'com.example.app': 127.0.0.1 is not a public address" in (
            " ".join(said.decode().split())
        )
        (body,) = await read(kafka, topic, 1)
        assert body["baseUrl"] == "https://a.invalid/"

    asyncio.run(scenario())


def test_once_shows_and_reports_every_result(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        topic = await kafka.create_topic(f"{topic_prefix}healthcheck.v1", partitions=2)
        with refusing() as nowhere:
            async with serving(healthy) as base:
                path = write_list(tmp_path, [base, nowhere])
                prober = await start(str(path), "--once", kafka=kafka, topic_prefix=topic_prefix)
                shown, _ = await prober.communicate()
        assert prober.returncode == 0
        assert f"{base}  200 in " in shown.decode()
        assert f"{nowhere}  connect: " in shown.decode()
        reported = {body["baseUrl"]: body["statusCode"] for body in await read(kafka, topic, 2)}
        assert reported == {base: 200, nowhere: None}

    asyncio.run(scenario())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_every_finished_check_reported(
    kafka: Kafka, topic_prefix: str, tmp_path: Path, number: signal.Signals
) -> None:
    async def scenario() -> None:
        topic = await kafka.create_topic(f"{topic_prefix}healthcheck.v1")
        arrived, answer = asyncio.Event(), asyncio.Event()

        async def handler(_request: web.Request) -> web.StreamResponse:
            arrived.set()
            await answer.wait()
            return web.Response()

        async with serving(handler) as base:
            path = write_list(tmp_path, [base])
            prober = await start(str(path), "--interval", "1s", kafka=kafka, topic_prefix=topic_prefix)
            await arrived.wait()
            prober.send_signal(number)
            answer.set()
            await prober.communicate()
        assert prober.returncode == 0
        (body,) = await read(kafka, topic, 1)
        assert (body["baseUrl"], body["statusCode"]) == (base, 200)

    asyncio.run(scenario())


async def start(*arguments: str, kafka: Kafka, topic_prefix: str) -> asyncio.subprocess.Process:
    env = environment(BOOTSTRAP_SERVERS=kafka.bootstrap_servers, TOPIC_PREFIX=topic_prefix)
    return await asyncio.create_subprocess_exec(
        *COMMAND, *arguments, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def read(kafka: Kafka, topic: str, count: int) -> list[dict[str, object]]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            return [orjson.loads((await consumer.getone()).value) for _ in range(count)]
    finally:
        await consumer.stop()
