"""One real Kafka for all end-to-end tests: a container where a Docker engine is to be had, else the embedded broker."""

import asyncio
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from infra.docker.engine import EngineUnavailableError, docker_engine
from infra.kafka_image.build import CLIENT_PORT, advertised, ensure_image
from streams.broker import EmbeddedKafka, probe
from tests.waiting import wait_for

# The reaper is an image of its own, which cannot be had offline; the tests stop what they start.
os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"

START_TIMEOUT_S = 180.0
# An engine to install and jars to download, at most once on a machine.
FIRST_USE_TIMEOUT_S = 600
# Of a test that says nothing else: it waits for processes, and a busy machine has few seconds for each.
E2E_TIMEOUT_S = 300

_REMARKS = pytest.StashKey[list[str]]()
_SHARING = pytest.StashKey[tuple[ExitStack, str]]()
_SHARED = "kafka"


@dataclass(frozen=True)
class Kafka:
    """A running broker, shared by all tests: name topics and groups with the `topic_prefix` fixture."""

    bootstrap_servers: str

    async def create_topic(self, name: str, *, partitions: int = 1, replicas: int = 1, **config: str) -> str:
        """Make a topic and return its name. A setting's dots are written as underscores: `cleanup_policy="compact"`."""
        configs = {key.replace("_", "."): value for key, value in config.items()}
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        await admin.start()
        try:
            answer = await admin.create_topics([NewTopic(name, partitions, replicas, topic_configs=configs)])
            for _topic, code, message in answer.topic_errors:
                if code:
                    raise for_code(code)(message)

            async def is_seen() -> bool:  # made by the controller; a broker hears of it a moment later
                return name in await admin.list_topics()

            await wait_for(is_seen, START_TIMEOUT_S, f"{name} to be seen")
        finally:
            await admin.close()
        return name


async def completed(bootstrap_servers: str, transactional_id: str) -> None:
    """Wait until the last transaction of a producer that was stopped can be read, and the offsets in it are committed.

    Who commits is answered before that: when it is certain to come.
    """
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers, transactional_id=transactional_id):
        pass


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[Kafka]:
    """A real Apache Kafka for the whole session; where tests run side by side, one for all of them."""
    if hasattr(request.config, "workerinput"):
        yield Kafka(request.config.workerinput[_SHARED])
        return
    with _running_kafka(request.config) as servers:
        yield Kafka(servers)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Before tests run side by side: start the Kafka that they share."""
    if _SHARING not in node.config.stash:
        sharing = ExitStack()
        node.config.stash[_SHARING] = sharing, sharing.enter_context(_running_kafka(node.config))
    node.workerinput[_SHARED] = node.config.stash[_SHARING][1]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started for all."""
    if _SHARING in config.stash:
        config.stash[_SHARING][0].close()


@contextmanager
def _running_kafka(config: pytest.Config) -> Iterator[str]:
    remarks = config.stash.setdefault(_REMARKS, [])
    with ExitStack() as stack:
        try:
            servers = stack.enter_context(_container(remarks))
            remarks.append(f"Kafka of these tests: a container at {servers}")
        except EngineUnavailableError as reason:
            if os.environ.get("CI") == "true":
                raise
            data_dir = Path(stack.enter_context(TemporaryDirectory(prefix="kafka-")))
            servers = stack.enter_context(EmbeddedKafka(data_dir=data_dir, report=remarks.append)).bootstrap_servers
            remarks.append(f"KAFKA OF THESE TESTS: THE EMBEDDED BROKER, NOT A CONTAINER. {reason}")
        asyncio.run(_await_coordinators(servers))
        yield servers


@pytest.fixture
def topic_prefix() -> str:
    """Prefix no other test uses, for topics, groups and transactional ids: 'test-3f2a9c01.'."""
    return f"test-{uuid.uuid4().hex[:8]}."


@contextmanager
def _container(remarks: list[str]) -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    if sys.platform != "linux":
        raise EngineUnavailableError("The image is made of this machine's libraries, and this is not Linux.")
    with docker_engine(remarks.append) as engine:
        port = probe.free_port()
        container = DockerContainer(ensure_image(engine, remarks.append)).with_command(advertised(port))
        container.ports[f"{CLIENT_PORT}/tcp"] = ("127.0.0.1", port)
        with container:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not probe.answers(port):
                if time.monotonic() > deadline:
                    out, err = container.get_logs()
                    raise TimeoutError(f"Kafka's container did not answer:\n{(out + err).decode(errors='replace')}")
                time.sleep(0.05)
            yield f"127.0.0.1:{port}"


async def _await_coordinators(servers: str) -> None:
    # A new broker makes its topics of offsets and transactions when first asked; until then some requests are refused.
    async with AIOKafkaConsumer(bootstrap_servers=servers, group_id="warm-up") as consumer:
        await consumer.committed(TopicPartition("warm-up", 0))
    async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id="warm-up"):
        pass


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the broker, and give the first such test the time that bringing it up may take."""
    waiting = True
    for item in items:
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.e2e)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(E2E_TIMEOUT_S))
            if waiting:
                item.add_marker(pytest.mark.timeout(FIRST_USE_TIMEOUT_S), append=False)
                waiting = False


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which Kafka the tests ran on."""
    for remark in config.stash.get(_REMARKS, []):
        terminalreporter.write_line(remark, yellow=True)
