"""The image as it is run: shut in, as nobody, with the fast parts in it, and ended in order."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from infra.docker.engine import EngineUnavailableError, docker_engine
from streams.exits import ExitCode
from tests.kafka_fixture import Kafka
from tests.ports import free_port

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_500)]

_READY = "import sys, urllib.request as http; http.urlopen(f'http://127.0.0.1:{sys.argv[1]}/ready', timeout=2)"


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    try:
        with docker_engine(print) as client:
            yield client
    except EngineUnavailableError as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient) -> str:
    done = subprocess.run(["make", "--silent", "image"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@contextmanager
def running(engine: docker.DockerClient, image: str, *command: str, **environment: str) -> Iterator[Container]:
    """A container as the documentation says to run it, in this machine's network."""
    options: dict[str, Any] = {
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "tmpfs": {"/tmp": ""},  # noqa: S108  the container's own
        "network_mode": "host",
    }
    container = engine.containers.run(image, [*command], detach=True, environment=environment, **options)
    try:
        yield container
    finally:
        container.remove(force=True)


def outcome(container: Container) -> tuple[int, str]:
    status = container.wait(timeout=120)["StatusCode"]
    return status, container.logs().decode()


def test_it_is_nobody_and_checks_what_it_fetches_fast(engine: docker.DockerClient, image: str) -> None:
    code = "import os, google_crc32c; print(os.getuid(), google_crc32c.implementation)"
    said = engine.containers.run(image, ["-c", code], entrypoint="python3", remove=True)
    assert said == b"65532 c\n"


def test_its_labels_say_what_it_is(engine: docker.DockerClient, image: str) -> None:
    labels = engine.images.get(image).labels
    assert image == f"slo-streams:{labels['org.opencontainers.image.version']}"
    assert len(labels["org.opencontainers.image.revision"]) == 40


def test_what_needs_a_person_ends_it(engine: docker.DockerClient, image: str) -> None:
    with running(engine, image, "supervise", "worker", SLO_OBJECTIVES="no-such-file.yaml") as container:
        status, said = outcome(container)
    assert status == ExitCode.MISUSED
    assert "no-such-file.yaml" in said


def test_it_becomes_ready_and_ends_when_asked(
    engine: docker.DockerClient, image: str, kafka: Kafka, topic_prefix: str
) -> None:
    port = str(free_port())
    settings = {
        "SLO_HEALTH_PORT": port,
        "SLO_REPLICATION_FACTOR": "1",
        "SLO_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "SLO_TOPIC_PREFIX": topic_prefix,
        "SLO_APPLICATION_ID": f"{topic_prefix}app",
        "SLO_PARTITIONS": "1",
    }
    with running(engine, image, "supervise", "worker", **settings) as container:
        while True:  # the test's own time limit bounds it
            if container.exec_run(["python3", "-c", _READY, port]).exit_code == 0:
                break
            container.reload()
            assert container.status == "running", container.logs().decode()
        container.kill("SIGTERM")
        status, said = outcome(container)
    assert status == ExitCode.DONE, said
    assert '"message": "stopped"' in said
