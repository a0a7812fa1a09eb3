"""Kafka or the worker ends by itself: noticed at once, and told with its last words."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from schemas import Alert
from streams.broker import EmbeddedKafka
from streams.run.errors import JobFailedError
from streams.run.service_process import service_process
from streams.run.view import Status
from streams.run.watch import watch_kafka, watch_service


class Told:
    """A view that remembers what it was told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        raise AssertionError(line)

    def complain(self, line: str) -> None:
        self.lines.append(line)

    def invite(self, environment: Mapping[str, str]) -> None:
        raise AssertionError(environment)

    def alert(self, alert: Alert) -> None:
        raise AssertionError(alert)

    def status(self, status: Status) -> None:
        raise AssertionError(status)


def test_a_worker_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    view, log_path = Told(), tmp_path / "worker.log"

    async def scenario() -> None:
        async with service_process("worker", {"SLO_PARTITIONS": "none"}, log_path) as worker:
            with pytest.raises(JobFailedError):
                await watch_service("The worker", worker, log_path, view)

    asyncio.run(scenario())
    (line,) = view.lines
    assert "The worker ended by itself (exit status 2)" in line
    assert str(log_path) in line
    assert "SLO_PARTITIONS" in line


def test_a_worker_is_ended_with_its_context(tmp_path: Path) -> None:
    async def scenario() -> int | None:
        # No broker there: it would try for long.
        async with service_process(
            "worker", {"SLO_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, tmp_path / "worker.log"
        ) as worker:
            assert worker.returncode is None
        return worker.returncode

    assert asyncio.run(scenario()) is not None


@pytest.mark.e2e
def test_a_kafka_that_ends_is_told(tmp_path: Path) -> None:
    view = Told()

    async def scenario(kafka: EmbeddedKafka) -> None:
        watcher = asyncio.create_task(watch_kafka(kafka, view))
        assert kafka.pid is not None
        os.kill(kafka.pid, signal.SIGKILL)
        with pytest.raises(JobFailedError):
            await watcher

    with EmbeddedKafka(data_dir=tmp_path) as kafka:
        asyncio.run(scenario(kafka))
    (line,) = view.lines
    assert "Kafka ended by itself (exit status -9)" in line
