"""Every client gets the same transport and credentials, and TLS is never lost on the way."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from faust.transport.drivers.aiokafka import credentials_to_aiokafka_auth

from streams.kafka.connection import client_options
from streams.kafka.faust_login import faust_credentials
from streams.settings import SecurityProtocol, Settings


def settings(protocol: SecurityProtocol, **more: Any) -> Settings:
    if protocol in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL):
        more = {"sasl_username": "prober", "sasl_password": "s3cret", **more}
    return Settings(bootstrap_servers="k1:9092,k2:9092", security_protocol=protocol, **more)


def test_plaintext_carries_servers_only() -> None:
    options = client_options(settings(SecurityProtocol.PLAINTEXT))
    assert options == {
        "bootstrap_servers": "k1:9092,k2:9092",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }
    assert faust_credentials(settings(SecurityProtocol.PLAINTEXT)) is None


def test_a_password_comes_from_a_file_as_well(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n", encoding="utf-8")
    of_file = settings(SecurityProtocol.SASL_PLAINTEXT, sasl_password=None, sasl_password_file=file)
    of_variable = settings(SecurityProtocol.SASL_PLAINTEXT)
    assert client_options(of_file) == client_options(of_variable)
    assert str(faust_credentials(of_file)) == str(faust_credentials(of_variable))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_sasl_carries_user_and_password(mechanism: str) -> None:
    options = client_options(settings(SecurityProtocol.SASL_PLAINTEXT, sasl_mechanism=mechanism))
    assert options["sasl_mechanism"] == mechanism
    assert options["sasl_plain_username"] == "prober"
    assert options["sasl_plain_password"] == "s3cret"  # noqa: S105
    assert options["ssl_context"] is None


@pytest.mark.parametrize("protocol", [SecurityProtocol.SSL, SecurityProtocol.SASL_SSL])
def test_tls_checks_host_names_and_is_not_old(protocol: SecurityProtocol) -> None:
    context = client_options(settings(protocol))["ssl_context"]
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("protocol", [p for p in SecurityProtocol if p is not SecurityProtocol.PLAINTEXT])
def test_faust_speaks_the_protocol_that_was_set(protocol: SecurityProtocol) -> None:
    chosen = settings(protocol)
    auth = credentials_to_aiokafka_auth(faust_credentials(chosen), None)
    options = client_options(chosen)
    assert auth["security_protocol"] == options["security_protocol"]
    assert auth.get("ssl_context") is options["ssl_context"]
    for name in ("sasl_mechanism", "sasl_plain_username", "sasl_plain_password"):
        assert auth.get(name) == options.get(name)


def test_a_client_accepts_the_options() -> None:
    async def build() -> None:
        await AIOKafkaProducer(**client_options(settings(SecurityProtocol.SASL_SSL))).stop()

    asyncio.run(build())


def test_the_password_is_never_shown() -> None:
    assert "s3cret" not in repr(settings(SecurityProtocol.SASL_SSL))
