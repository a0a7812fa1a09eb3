"""The embedded broker: it starts, serves, stops, survives a crash, and says why when it cannot run."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError

from streams.broker import BrokerError, EmbeddedKafka, probe
from tests.kafka_fixture import Kafka

DEADLINE_S = 90.0

pytestmark = pytest.mark.timeout(300)  # a broker takes its time to start on a busy machine, some tests start two


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    overrides = {"message.max.bytes": "5000"}
    with EmbeddedKafka(data_dir=tmp_path_factory.mktemp("broker"), overrides=overrides) as running:
        yield running


async def produce(servers: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        await producer.send_and_wait(topic, value)


async def first_value(servers: str, topic: str) -> bytes:
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        async with asyncio.timeout(DEADLINE_S):
            value: bytes = (await consumer.getone()).value
            return value
    finally:
        await consumer.stop()


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_overrides_reach_the_broker(broker: EmbeddedKafka) -> None:
    async def scenario() -> None:
        await Kafka(broker.bootstrap_servers).create_topic("limited")
        with pytest.raises(MessageSizeTooLargeError):
            await produce(broker.bootstrap_servers, "limited", os.urandom(6000))

    asyncio.run(scenario())


def test_topics_are_not_made_by_a_misspelled_name(broker: EmbeddedKafka) -> None:
    async def scenario() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap_servers)
        await producer.start()
        try:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    await producer.send("mispelled", b"")
        finally:
            await producer.stop()

    asyncio.run(scenario())


def test_a_crashed_broker_comes_back_at_its_port_with_its_records(tmp_path: Path) -> None:
    # A broker that crashed registers again once its old session is over.
    short_session = {"broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500"}
    broker = EmbeddedKafka(data_dir=tmp_path, overrides=short_session)
    with broker:
        address = broker.bootstrap_servers
        asyncio.run(Kafka(address).create_topic("kept"))
        asyncio.run(produce(address, "kept", b"before the crash"))
        broker.kill()
        assert broker.pid is None
        assert not probe.answers(broker.port)
        broker.start()
        assert broker.bootstrap_servers == address
        assert asyncio.run(first_value(address, "kept")) == b"before the crash"


def test_a_taken_port_is_named(broker: EmbeddedKafka, tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=f"Port {broker.port} on 127.0.0.1 is taken"):
        EmbeddedKafka(broker.port, data_dir=tmp_path).start()


def test_a_port_that_is_taken_meanwhile_is_named(
    broker: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another Kafka answers at the port: it must not be held to be the one that was started.
    monkeypatch.setattr(probe, "is_taken", lambda _port: False)
    with pytest.raises(BrokerError, match=f"Port {broker.port} on 127.0.0.1 is taken") as problem:
        EmbeddedKafka(broker.port, data_dir=tmp_path).start()
    assert "Exception" not in str(problem.value)


def test_a_data_folder_in_use_is_named(broker: EmbeddedKafka) -> None:
    with pytest.raises(BrokerError, match="Another Kafka uses the data folder"):
        EmbeddedKafka(data_dir=broker.data_dir).start()


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BrokerError, match=f"The data folder {file}/data cannot be written: Not a directory"):
        EmbeddedKafka(data_dir=file / "data").start()


def test_a_setting_that_kafka_refuses_is_shown(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match=r"message\.max\.bytes"):
        EmbeddedKafka(data_dir=tmp_path, overrides={"message.max.bytes": "many"}).start()


@contextmanager
def command(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """`slo-streams broker` on a free port."""
    program = [sys.executable, "-c", "from streams.cli import main; main()", "broker", "--port", "0"]
    with subprocess.Popen(
        [*program, "--data", str(data_dir)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_tells_its_address_and_ends_cleanly_on_a_signal(tmp_path: Path, signal_number: int) -> None:
    with command(tmp_path) as process:
        ready = said(process.stdout).readline()
        address = ready.partition("SLO_BOOTSTRAP_SERVERS=")[2].split()[0]
        port = int(address.rpartition(":")[2])
        assert probe.answers(port)
        process.send_signal(signal_number)
        assert process.wait(DEADLINE_S) == 0
        assert not probe.is_taken(port)
        assert (tmp_path / "topics" / ".kafka_cleanshutdown").exists()


def test_the_command_fails_with_the_reason_when_the_broker_dies(tmp_path: Path) -> None:
    with command(tmp_path) as process:
        assert said(process.stdout).readline().startswith("Kafka is ready")
        os.kill(only_child(process.pid), signal.SIGKILL)
        assert process.wait(DEADLINE_S) == 1
        assert "Kafka ended by itself (exit status -9)" in said(process.stderr).read()


def test_the_command_fails_with_the_reason_when_it_cannot_start(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with command(file / "data") as process:
        assert process.wait(DEADLINE_S) == 1
        assert "cannot be written: Not a directory" in said(process.stderr).read()
        assert said(process.stdout).read() == ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_killed_parent_leaves_no_java_behind(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from streams.broker import EmbeddedKafka
        with EmbeddedKafka(data_dir=Path({str(tmp_path)!r})) as broker:
            print(broker.pid, flush=True)
            broker.wait()
        """
    )
    with ExitStack() as stack:
        parent = stack.enter_context(
            subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        )
        stack.callback(parent.kill)
        assert parent.stdout is not None
        java = int(parent.stdout.readline())
        assert runs(java)
        parent.kill()
        assert eventually(lambda: not runs(java))


def only_child(pid: int) -> int:
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return int(child)
