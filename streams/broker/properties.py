"""The broker's `server.properties`: one node that is broker and controller, reached on this machine only."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Final

HOST: Final = "127.0.0.1"
NODE_ID: Final = "1"

# Fixed, so that a data folder is opened again by the next start.
CLUSTER_ID: Final = "c2xvLXN0cmVhbXMta2Fma2"


def server_properties(
    *, port: int, controller_port: int, log_dir: PurePath, overrides: Mapping[str, str]
) -> dict[str, str]:
    """Kafka's settings by name; `overrides` win. Source: the broker configuration reference of Apache Kafka 4."""
    return {
        "process.roles": "broker,controller",
        "node.id": NODE_ID,
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": f"{NODE_ID}@{HOST}:{controller_port}",
        "log.dirs": str(log_dir),
        "auto.create.topics.enable": "false",
        "default.replication.factor": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "8",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # Retention goes by the records' own times: a back-filled log of last month would be deleted within minutes.
        "log.retention.ms": "-1",
        # One node has nobody to wait for.
        "group.initial.rebalance.delay.ms": "0",
        **overrides,
    }


def properties_text(properties: Mapping[str, str]) -> str:
    """Contents of a `server.properties`, as Java reads them: a backslash starts an escape."""
    return "".join(f"{name}={value.replace(chr(92), chr(92) * 2)}\n" for name, value in properties.items())
