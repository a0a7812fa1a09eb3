"""The operator's settings, turned to this machine: one Kafka node without TLS or a password, apps on 127.0.0.1."""

from typing import Any, Final

from streams.settings import SecurityProtocol, Settings

PROBER_INTERVAL_MS: Final = 5_000  # an operator's prober comes once a minute; a viewer wants to see something sooner


def local_settings(settings: Settings, bootstrap_servers: str) -> Settings:
    """The settings with the connection and the prober replaced; objectives, lateness, names and the rest stay."""
    prober = {"prober_interval": PROBER_INTERVAL_MS, "prober_allow_private": True, "prober_health_port": 0}
    return settings.model_copy(update=_connection(bootstrap_servers) | prober)


def local_environment(bootstrap_servers: str, database_url: str | None) -> dict[str, str]:
    """Variables that give a service the same connections."""
    environment = {f"SLO_{name.upper()}": str(value) for name, value in _connection(bootstrap_servers).items()}
    return environment if database_url is None else {**environment, "SLO_DATABASE_URL": database_url}


def mail_environment(smtp_url: str) -> dict[str, str]:
    """Variables by which a notifier sends all mail to this server, and nothing to anybody else."""
    return {
        "SLO_SMTP_URL": smtp_url,
        "SLO_SMTP_URL_FILE": "",
        "SLO_MAIL_FROM": "SLO alerts <slo@slo-streams.example>",
        "SLO_TARGETS": "",
    }


def _connection(bootstrap_servers: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": bootstrap_servers,
        "replication_factor": 1,
        "security_protocol": SecurityProtocol.PLAINTEXT,
    }
