"""Several embedded brokers as one Kafka, for what a single node cannot show: a broker ends, and nothing is lost."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from streams.broker import EmbeddedKafka
from streams.broker.properties import HOST
from tests.ports import free_port


@contextmanager
def kafka_cluster(folder: Path, size: int = 3) -> Iterator[list[EmbeddedKafka]]:
    """Running brokers that replicate to each other; a write counts once all but one of them have it."""
    ports = [free_port() for _ in range(size)]
    controllers = [free_port() for _ in range(size)]
    voters = ",".join(f"{node}@{HOST}:{port}" for node, port in enumerate(controllers, start=1))
    brokers = [
        EmbeddedKafka(
            port,
            data_dir=folder / f"broker-{node}",
            overrides={
                "node.id": str(node),
                "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
                "controller.quorum.voters": voters,
                "default.replication.factor": str(size),
                "min.insync.replicas": str(size - 1),
                "offsets.topic.replication.factor": str(size),
                "transaction.state.log.replication.factor": str(size),
                "transaction.state.log.min.isr": str(size - 1),
                # Notice a killed broker soon, so that it may come back soon.
                "broker.session.timeout.ms": "3000",
                "broker.heartbeat.interval.ms": "500",
            },
        )
        for node, (port, controller) in enumerate(zip(ports, controllers, strict=True), start=1)
    ]
    with ExitStack() as stack:
        for broker in brokers:
            stack.callback(broker.kill)
            broker.launch()
        for broker in brokers:
            broker.await_ready()
        yield brokers


def bootstrap_servers(brokers: list[EmbeddedKafka]) -> str:
    """All addresses of a cluster, for a client."""
    return ",".join(broker.bootstrap_servers for broker in brokers)
