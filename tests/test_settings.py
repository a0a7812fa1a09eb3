"""Settings of the environment: every fault is named at once, and no secret is shown."""

from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from streams.gateway.settings import GatewaySettings
from streams.history.settings import HistorySettings
from streams.settings import InvalidSettingsError, Settings, load_settings

PASSWORD = "pa55-word-of-a-test"  # noqa: S105


@pytest.fixture
def ca() -> trustme.CA:
    return trustme.CA()


def faults(monkeypatch: pytest.MonkeyPatch, **settings: object) -> dict[str, str]:
    """What is said of each setting."""
    for name, value in settings.items():
        monkeypatch.setenv(f"SLO_{name}".upper(), str(value))
    with pytest.raises(InvalidSettingsError) as refusal:
        load_settings()
    said = str(refusal.value)
    assert PASSWORD not in said
    lines = [line.partition(": ") for line in said.splitlines()]
    return {name: fault for name, _, fault in lines}


def pem(path: Path, *blobs: trustme.Blob) -> Path:
    path.write_bytes(b"".join(blob.bytes() for blob in blobs))
    return path


@pytest.mark.parametrize(
    "servers", ["k1:abc", "k1:", ":", ":9092", "k1:0", "k1:65536", "k 1:9092", "http://k1:9092", "k1:9092,", "::1"]
)
def test_what_is_no_broker_is_a_fault_of_the_settings(monkeypatch: pytest.MonkeyPatch, servers: str) -> None:
    (fault,) = faults(monkeypatch, bootstrap_servers=servers).values()
    assert fault.endswith("is no broker; write host:port, several by commas: kafka-1:9092,kafka-2:9092")


@pytest.mark.parametrize("servers", ["k1", "k1:1", "k1:9092, k2.example:65535", "[::1]:9092", "10.0.0.1:9092"])
def test_brokers_are_named_as_for_any_client(monkeypatch: pytest.MonkeyPatch, servers: str) -> None:
    monkeypatch.setenv("SLO_BOOTSTRAP_SERVERS", servers)
    assert load_settings().bootstrap_servers == servers


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca: trustme.CA) -> None:
    certificate = pem(tmp_path / "cert.pem", *ca.issue_cert("worker").cert_chain_pems)
    found = faults(
        monkeypatch,
        partitions=0,
        security_protocol="SASL_SSL",
        ssl_cafile=tmp_path / "none.pem",
        ssl_certfile=certificate,
    )
    assert set(found) == {
        "SLO_PARTITIONS",
        "SLO_SASL_USERNAME",
        "SLO_SASL_PASSWORD",
        "SLO_SSL_CAFILE",
        "SLO_SSL_KEYFILE",
    }
    assert found["SLO_SASL_USERNAME"] == "SASL_SSL needs it, and it is not set"
    assert found["SLO_SSL_CAFILE"] == f"{tmp_path}/none.pem cannot be read: No such file or directory"
    assert found["SLO_SSL_KEYFILE"].startswith("not set, but SLO_SSL_CERTFILE is")


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_an_empty_login_is_none(monkeypatch: pytest.MonkeyPatch, protocol: str) -> None:
    found = faults(monkeypatch, security_protocol=protocol, sasl_username="", sasl_password="")
    assert set(found) == {"SLO_SASL_USERNAME", "SLO_SASL_PASSWORD"}


def test_a_password_has_one_place_and_is_not_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("\n", encoding="utf-8")
    login: dict[str, Any] = {"security_protocol": "SASL_SSL", "sasl_username": "worker", "sasl_password_file": file}
    assert faults(monkeypatch, **login)["SLO_SASL_PASSWORD_FILE"] == f"{file} holds no password"
    file.write_text("s3cret\n", encoding="utf-8")
    assert faults(monkeypatch, **login, sasl_password="s3cret") == {  # noqa: S106
        "SLO_SASL_PASSWORD": "set, but SLO_SASL_PASSWORD_FILE is, too: one of them"
    }


def test_a_wrong_protocol_asks_for_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(faults(monkeypatch, security_protocol="TLS", sasl_mechanism="MD5")) == {
        "SLO_SECURITY_PROTOCOL",
        "SLO_SASL_MECHANISM",
    }


@pytest.mark.parametrize("content", [b"", b"not a certificate", "key"])
def test_a_cafile_has_to_hold_a_certificate(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca: trustme.CA, content: bytes | str
) -> None:
    cafile = tmp_path / "ca.pem"
    cafile.write_bytes(content if isinstance(content, bytes) else ca.issue_cert("worker").private_key_pem.bytes())
    found = faults(monkeypatch, security_protocol="SSL", ssl_cafile=cafile)
    assert found == {
        "SLO_SSL_CAFILE": f"{cafile} holds no certificate: a PEM file with the CA of the brokers is needed"
    }


def test_a_key_without_its_certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca: trustme.CA) -> None:
    key = pem(tmp_path / "key.pem", ca.issue_cert("worker").private_key_pem)
    assert faults(monkeypatch, ssl_keyfile=key) == {"SLO_SSL_KEYFILE": "set, but SLO_SSL_CERTFILE is not"}


def test_a_key_of_another_certificate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca: trustme.CA) -> None:
    certificate = pem(tmp_path / "cert.pem", *ca.issue_cert("worker").cert_chain_pems)
    key = pem(tmp_path / "key.pem", ca.issue_cert("other").private_key_pem)
    found = faults(monkeypatch, ssl_certfile=certificate, ssl_keyfile=key)
    assert "are no pair" in found["SLO_SSL_KEYFILE"]


def test_nobody_is_asked_for_a_passphrase(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca: trustme.CA) -> None:
    identity = ca.issue_cert("worker")
    key = load_pem_private_key(identity.private_key_pem.bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a passphrase"))
    (tmp_path / "key.pem").write_bytes(locked)
    certificate = pem(tmp_path / "cert.pem", *identity.cert_chain_pems)
    found = faults(monkeypatch, ssl_certfile=certificate, ssl_keyfile=tmp_path / "key.pem")
    assert "without a passphrase" in found["SLO_SSL_KEYFILE"]


def test_a_certificate_and_its_key_in_one_file(tmp_path: Path, ca: trustme.CA) -> None:
    both = pem(tmp_path / "both.pem", ca.issue_cert("worker").private_key_and_cert_chain_pem)
    settings = Settings(security_protocol="SSL", ssl_certfile=both, ssl_keyfile=both)
    assert settings.ssl_context is not None


def test_the_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SECURITY_PROTOCOL": "SASL_SSL", "SASL_USERNAME": "worker", "SASL_PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(f"SLO_{name}", value)
    settings = load_settings()
    shown = (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json())
    assert all(PASSWORD not in text for text in shown)


def test_an_empty_setting_is_one_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLO_OBJECTIVES", "")
    monkeypatch.setenv("SLO_BOOTSTRAP_SERVERS", "")
    settings = load_settings()
    assert settings.objectives is None
    assert settings.bootstrap_servers == "127.0.0.1:9092"


def test_an_application_replaces_another_not_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    said = faults(monkeypatch, application_id="production-2", replaces="production-2")
    assert "itself" in said["SLO_REPLACES"]


def test_outputs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLO_TOPIC_PREFIX", "a.")
    ours = load_settings().topics
    assert (ours.alerts, ours.has_own_outputs) == ("a.alerts.v1", False)
    monkeypatch.setenv("SLO_OUTPUT_PREFIX", "canary.")
    topics = load_settings().topics
    apart = {topics.alerts, topics.alert_state, topics.rejected, topics.heartbeat, topics.incidents, topics.standing}
    assert {name.removeprefix("canary.") for name in apart} == {
        *("alerts.v1", "alert-state.v1", "rejected.v1", "heartbeat.v1", "incidents.v1", "standing.v1")
    }
    assert all(name.startswith("a.") for name in (*topics.inputs, topics.apps, topics.exclusions))
    assert topics.has_own_outputs


def test_services_on_one_machine_have_health_ports_of_their_own() -> None:
    of_gateway, of_history = GatewaySettings.model_fields, HistorySettings.model_fields
    ports = [
        *(Settings.model_fields[name].default for name in ("health_port", "prober_health_port")),
        of_gateway["gateway_port"].default,
        of_gateway["gateway_health_port"].default,
        of_history["history_port"].default,
    ]
    assert len(set(ports)) == len(ports)
