"""Where a fault happens: a Kafka of its own, one broker or three, or one behind a network that can fail."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.broker import EmbeddedKafka
from streams.broker.properties import HOST, NODE_ID
from tests.kafka_cluster import bootstrap_servers, kafka_cluster
from tests.ports import free_port

# A broker that was killed may register again once its last session is over: 9 s by default.
COMES_BACK_SOON = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}


@dataclass(frozen=True)
class Ground:
    """Running brokers; `servers` is for this process, `worker_servers` for the workers.

    `proxy_port`, where there is one, is the port that the broker tells the workers to use: a proxy to `behind_port` has
    to listen there.
    """

    brokers: list[EmbeddedKafka]
    servers: str
    worker_servers: str
    proxy_port: int | None = None
    behind_port: int = 0


GroundMaker = Callable[[Path], AbstractContextManager[Ground]]


@contextmanager
def one_broker(folder: Path) -> Iterator[Ground]:
    """A single broker."""
    broker = EmbeddedKafka(data_dir=folder / "kafka", overrides=COMES_BACK_SOON)
    broker.start()
    try:
        yield Ground([broker], broker.bootstrap_servers, broker.bootstrap_servers)
    finally:
        broker.kill()


@contextmanager
def three_brokers(folder: Path) -> Iterator[Ground]:
    """Three brokers that replicate to each other."""
    with kafka_cluster(folder) as brokers:
        servers = bootstrap_servers(brokers)
        yield Ground(brokers, servers, servers)


@contextmanager
def behind_a_proxy(folder: Path) -> Iterator[Ground]:
    """A broker with a listener for this process, and a second one that it advertises at the port of a proxy."""
    port, behind, proxy, controller = (free_port() for _ in range(4))
    broker = EmbeddedKafka(
        port,
        data_dir=folder / "kafka",
        overrides={
            "listeners": (f"PLAINTEXT://{HOST}:{port},PROXIED://{HOST}:{behind},CONTROLLER://{HOST}:{controller}"),
            "advertised.listeners": f"PLAINTEXT://{HOST}:{port},PROXIED://{HOST}:{proxy}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller}",
        },
    )
    broker.start()
    try:
        yield Ground([broker], broker.bootstrap_servers, f"{HOST}:{proxy}", proxy, behind)
    finally:
        broker.kill()
