"""Settings of the gateway: those of every Kafka client here, and its own."""

import re
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from streams.secret_files import read_secret
from streams.settings import DurationMs, Settings
from streams.web.networks import Networks

_NAMED_TOKEN: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,64}):(?P<token>[\x21-\x7e]{16,512})", re.ASCII)


class GatewaySettings(Settings):
    """What an operator of the gateway can set, beside the connection to Kafka.

    Secrets come from the environment or from files, one a line; where both are set, those of the environment are first.
    """

    gateway_host: str = "127.0.0.1"
    """Where the gateway listens."""
    gateway_port: int = Field(8088, ge=0, le=65_535)
    """Port it listens on."""
    gateway_health_port: int = Field(8091, ge=0, le=65_535)
    """Port of `/live`, `/ready` and `/metrics`, at `SLO_HEALTH_HOST`; 0: nowhere."""
    gateway_rate: float = Field(10.0, gt=0, allow_inf_nan=False)
    """Calls of an app a second."""
    gateway_burst: int = Field(50, ge=1)
    """Calls of an app at once."""
    gateway_failures: int = Field(30, ge=1)
    """Wrong tokens of services that an address may send at once, and in a minute."""
    gateway_proxies: Networks = ()
    """Addresses or networks, by commas, of the proxies in front: who calls is then whom X-Forwarded-For names."""
    gateway_confirm: DurationMs = Field(5_000, ge=100, le=60_000)
    """How long a caller waits for Kafka; after half of it without an answer new calls hear 503 at once."""
    gateway_buffer_bytes: int = Field(32 * 1024 * 1024, ge=2 * 1024 * 1024)
    """What may wait for Kafka, over all callers."""
    installation_keys: SecretStr = SecretStr("")
    """Keys that encrypt the secrets of installations, 32 bytes in URL-safe base64 each: the first encrypts, all
    decrypt. Without one no app may publish.
    """
    installation_keys_file: Path | None = None
    """The same, from a file."""
    service_tokens: SecretStr = SecretStr("")
    """`name:token` of each service that may send events, by commas; two of one name while one replaces the other."""
    service_tokens_file: Path | None = None
    """The same, from a file."""

    @field_validator("installation_keys")
    @classmethod
    def _keys_are_some(cls, value: SecretStr) -> SecretStr:
        _check_keys(_entries(value.get_secret_value()))
        return value

    @field_validator("service_tokens")
    @classmethod
    def _tokens_are_named(cls, value: SecretStr) -> SecretStr:
        _check_tokens(_entries(value.get_secret_value()))
        return value

    @field_validator("installation_keys_file", "service_tokens_file")
    @classmethod
    def _file_holds_some(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None:
            check = _check_keys if info.field_name == "installation_keys_file" else _check_tokens
            check(_read(path))
        return path

    def read_installation_keys(self) -> list[str]:
        """Keys that the secrets of installations are encrypted with; the first encrypts, all decrypt."""
        return _entries(self.installation_keys.get_secret_value()) + _read(self.installation_keys_file)

    def read_service_tokens(self) -> dict[str, str]:
        """Bearer token -> name of the service it was given to."""
        entries = _entries(self.service_tokens.get_secret_value()) + _read(self.service_tokens_file)
        return {token: name for name, _, token in (entry.partition(":") for entry in entries)}


def _entries(text: str) -> list[str]:
    return [entry for entry in re.split(r"[,\s]+", text) if entry]


def _read(path: Path | None) -> list[str]:
    return [] if path is None else _entries(read_secret(path))


def _check_keys(keys: list[str]) -> None:
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError:
            raise ValueError(
                f"key {number} is none: 32 bytes in URL-safe base64 are needed, as `openssl rand -base64 32 | "
                "tr +/ -_` makes them"
            ) from None


def _check_tokens(entries: list[str]) -> None:
    for number, entry in enumerate(entries, 1):
        if _NAMED_TOKEN.fullmatch(entry) is None:
            raise ValueError(f"entry {number} is not `name:token` with a token of at least 16 characters")
