"""Settings of the gateway: every fault at once, secrets from the environment and from files, and none of them shown."""

from pathlib import Path

import pytest

from streams.gateway.service_tokens import ServiceTokens
from streams.gateway.settings import GatewaySettings
from streams.settings import InvalidSettingsError, load_settings_of
from tests.gateway.process import KEY

FIRST, SECOND = "token-of-the-first-service", "token-of-the-second-service"


def test_secrets_come_from_the_environment_and_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keys, tokens = tmp_path / "keys", tmp_path / "tokens"
    keys.write_text(f"{'b' * 43}=\n")
    tokens.write_text(f"second:{SECOND}\nsecond:{SECOND}-new\n")
    monkeypatch.setenv("SLO_INSTALLATION_KEYS", KEY)
    monkeypatch.setenv("SLO_INSTALLATION_KEYS_FILE", str(keys))
    monkeypatch.setenv("SLO_SERVICE_TOKENS", f"first:{FIRST}")
    monkeypatch.setenv("SLO_SERVICE_TOKENS_FILE", str(tokens))
    settings = load_settings_of(GatewaySettings)
    assert settings.read_installation_keys() == [KEY, "b" * 43 + "="]
    services = ServiceTokens(settings.read_service_tokens())
    assert services.name_of(f"Bearer {FIRST}") == "first"
    assert services.name_of(f"bearer {SECOND}-new") == services.name_of(f"Bearer {SECOND}") == "second"
    assert services.name_of(f"Bearer {FIRST}é") is None
    assert services.name_of(None) is None
    for secret in (KEY, FIRST):
        assert secret not in repr(settings)


def test_every_fault_is_named_at_once_and_shows_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLO_INSTALLATION_KEYS", f"{KEY},short-secret")
    monkeypatch.setenv("SLO_INSTALLATION_KEYS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SLO_SERVICE_TOKENS", "short-secret")
    monkeypatch.setenv("SLO_GATEWAY_RATE", "0")
    monkeypatch.setenv("SLO_PARTITIONS", "0")
    with pytest.raises(InvalidSettingsError) as refused:
        load_settings_of(GatewaySettings)
    lines = dict(line.split(": ", 1) for line in str(refused.value).splitlines())
    assert set(lines) == {
        "SLO_INSTALLATION_KEYS",
        "SLO_INSTALLATION_KEYS_FILE",
        "SLO_SERVICE_TOKENS",
        "SLO_GATEWAY_RATE",
        "SLO_PARTITIONS",
    }
    assert lines["SLO_INSTALLATION_KEYS"].startswith("key 2 is none")
    assert "short-secret" not in str(refused.value)


def test_without_tokens_no_service_is_known() -> None:
    assert ServiceTokens({}).name_of("Bearer ") is None
