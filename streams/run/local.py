"""The operator's settings, turned to the embedded Kafka: one node, reached without TLS or a password."""

from typing import Any

from streams.settings import SecurityProtocol, Settings


def local_settings(settings: Settings, bootstrap_servers: str) -> Settings:
    """The settings with the connection replaced; objectives, lateness, names and the rest stay as they are."""
    return settings.model_copy(update=_connection(bootstrap_servers))


def local_environment(bootstrap_servers: str) -> dict[str, str]:
    """The same replacement as variables for a child process."""
    return {f"SLO_{name.upper()}": str(value) for name, value in _connection(bootstrap_servers).items()}


def _connection(bootstrap_servers: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": bootstrap_servers,
        "replication_factor": 1,
        "security_protocol": SecurityProtocol.PLAINTEXT,
    }
