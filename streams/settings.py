"""Settings: environment variables with the prefix `SLO_`, read once, all errors reported at once."""

import ssl
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.durations import duration_ms
from streams.names import Topics

DurationMs = Annotated[int, BeforeValidator(duration_ms)]


class Clock(StrEnum):
    """Where time comes from: `live` follows the wall clock once caught up, `event` never does."""

    LIVE = "live"
    EVENT = "event"


class PartitionerName(StrEnum):
    """How producers place keys: `murmur2` as the Java client, `crc32` as librdkafka."""

    MURMUR2 = "murmur2"
    CRC32 = "crc32"


class SecurityProtocol(StrEnum):
    """Transport to the brokers."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class InvalidSettingsError(Exception):
    """One or more settings cannot be used; the message has a line for each."""


class Settings(BaseSettings):
    """Everything an operator can set. Durations are written `10s`, `500ms`, `1m`, or as seconds."""

    model_config = SettingsConfigDict(env_prefix="SLO_", frozen=True, extra="ignore", validate_default=False)

    bootstrap_servers: str = "127.0.0.1:9092"
    application_id: str = Field("slo-streams", pattern=r"^[A-Za-z0-9._-]{1,100}$")
    topic_prefix: str = Field("slo.", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    partitions: int = Field(8, ge=1, le=10_000)
    replication_factor: int = Field(3, ge=1, le=32_767)
    partitioner: PartitionerName = PartitionerName.MURMUR2
    clock: Clock = Clock.LIVE
    allowed_lateness: DurationMs = Field(10_000, ge=0)
    session_timeout: DurationMs = Field(10_000, ge=1_000)
    commit_interval: DurationMs = Field(500, ge=10, le=60_000)
    objectives: Path | None = None
    fail: str | None = Field(None, pattern=r"^(after_rows|after_alerts|after_offsets|after_commit)(:[1-9]\d*)?$")

    security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    sasl_mechanism: str = Field("SCRAM-SHA-512", pattern=r"^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$")
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None

    @model_validator(mode="after")
    def _credentials_are_complete(self) -> "Settings":
        if self.uses_sasl and (self.sasl_username is None or self.sasl_password is None):
            raise ValueError(f"{self.security_protocol} needs SLO_SASL_USERNAME and SLO_SASL_PASSWORD")
        return self

    @property
    def uses_sasl(self) -> bool:
        """Whether the brokers ask for a user name and password."""
        return self.security_protocol in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)

    @property
    def topics(self) -> Topics:
        """Topic names under the configured prefix."""
        return Topics(self.topic_prefix)

    @cached_property
    def ssl_context(self) -> ssl.SSLContext | None:
        """TLS 1.2 or newer with host name check; None without TLS."""
        if not self.uses_tls:
            return None
        context = ssl.create_default_context(cafile=self.ssl_cafile)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ssl_certfile is not None:
            context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
        return context


def load_settings() -> Settings:
    """Settings of this process's environment.

    Raises:
        InvalidSettingsError: names every setting that cannot be used, and why.
    """
    try:
        return Settings()
    except ValidationError as error:
        lines = [_explain(*problem["loc"], message=problem["msg"]) for problem in error.errors()]
        raise InvalidSettingsError("\n".join(lines)) from None


def _explain(*location: str | int, message: str) -> str:
    name = f"SLO_{location[0]}".upper() if location else "settings"
    return f"{name}: {message.removeprefix('Value error, ')}"
