"""Settings: environment variables with the prefix `SLO_`, read once, all errors reported at once."""

import re
import ssl
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from streams.commas import by_commas
from streams.durations import duration_ms
from streams.logs import LogFormat
from streams.names import Topics
from streams.secret_files import one_secret, read_secret
from streams.tls import check_cafile, check_identity, tls_context

APPLICATION_ID: Final = "slo-streams"
"""Of whoever has only one application."""

_SERVER: Final = re.compile(r"(?:[^\s/:\[\]]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_LAST_PORT: Final = 65_535

DurationMs = Annotated[int, BeforeValidator(duration_ms)]
Port = Annotated[int, Field(ge=1, le=_LAST_PORT)]


def _separated(text: object) -> object:
    return by_commas(text) if isinstance(text, str) else text


class Clock(StrEnum):
    """Where time comes from: `live` follows the wall clock once caught up, `event` never does."""

    LIVE = "live"
    EVENT = "event"


class PartitionerName(StrEnum):
    """How producers place keys: `murmur2` as the Java client, `crc32` as librdkafka."""

    MURMUR2 = "murmur2"
    CRC32 = "crc32"


class WhatBecomes(StrEnum):
    """Of results that a prober kept while it did not trust itself."""

    DROP = "drop"
    REPORT = "report"


class SecurityProtocol(StrEnum):
    """Transport to the brokers."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def has_login(self) -> bool:
        """Whether the brokers ask for a user name and password."""
        return self in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is spoken."""
        return self in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)


class InvalidSettingsError(Exception):
    """One or more settings cannot be used; the message has a line for each."""


class Settings(BaseSettings):
    """Everything an operator can set. Durations are written `10s`, `500ms`, `1m`, or as seconds."""

    model_config = SettingsConfigDict(
        env_prefix="SLO_",
        frozen=True,
        extra="ignore",
        validate_default=False,
        env_ignore_empty=True,
        use_attribute_docstrings=True,  # the reference is made of them
    )

    bootstrap_servers: str = "127.0.0.1:9092"
    """Brokers, by commas."""
    application_id: str = Field(APPLICATION_ID, pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """Consumer group of the workers; prefix of changelogs and transactional ids. A new one starts anew, from the
    oldest record.
    """
    instance_id: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """A name of the worker's own, its pod's for example: restarted within the session timeout it gets its partitions
    back and no other worker notices. Of two live workers under one name the earlier ends with 75.
    """
    topic_prefix: str = Field("slo.", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    """Before every topic name."""
    output_prefix: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{0,100}$")
    """Before the names of what an application publishes, where several read the same inputs: alerts, alert-state,
    rejected, heartbeat, incidents and standing. The topic prefix unless set.
    """
    replaces: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """The application that this one takes the outputs over from: it judges anew what the input topics hold, and ends
    the breaches that it does not find again. The other one's workers have to be stopped.
    """
    partitions: int = Field(8, ge=1, le=10_000)
    """Of topics that are created."""
    replication_factor: int = Field(3, ge=1, le=32_767)
    """Of topics that are created; 1 on a single broker."""
    partitioner: PartitionerName = PartitionerName.MURMUR2
    """How producers place keys: `murmur2`, the Java client's default, or `crc32`, librdkafka's."""
    clock: Clock = Clock.LIVE
    """`live`: once a partition is read to its end, the brokers' clock notices silence. `event`: time is the events'
    alone, for back-filling.
    """
    allowed_lateness: DurationMs = Field(10_000, ge=0)
    """How long a boundary waits for late events."""
    session_timeout: DurationMs = Field(10_000, ge=1_000)
    """After how long a silent worker is given up."""
    standby: int = Field(0, ge=0)
    """How many series of other workers' partitions a worker reads along at most, so that of what it takes over it reads
    only what came last; each takes about as much memory as one of its own. 0: none.
    """
    transaction_timeout: DurationMs = Field(60_000, ge=1_000)
    """For how long at most readers wait for a transaction whose worker died; a take-over ends it at once."""
    broker_patience: DurationMs = Field(300_000, ge=0)
    """For how long a service without a broker waits, alive and not ready, before it ends with 69."""
    commit_interval: DurationMs = Field(5_000, ge=10, le=60_000)
    """For how long work that nobody waits for may wait to be committed: the longer, the cheaper an event, and the more
    is done again after a crash. Alerts do not wait, except behind a backlog, for up to 5 s.
    """
    objectives: str | None = None
    """OpenSLO files, by their paths and separated by commas; `default` and `burn-rate` are shipped. `default` unless
    set.
    """
    health_host: str = "127.0.0.1"
    """Where `/live`, `/ready` and `/metrics` are answered: `0.0.0.0` in a container, whose port stays inside the
    cluster.
    """
    health_port: int = Field(8089, ge=0, le=65_535)
    """Port of the same; 0: nowhere."""
    watchdog: DurationMs | None = Field(None, ge=1_000)
    """For how long a worker may make no progress before it ends itself with 70; session timeout and transaction
    timeout together unless set.
    """
    heartbeat_interval: DurationMs = Field(10_000, ge=0)
    """How often `slo.heartbeat.v1` tells of each input partition; 0: never."""
    brake_records: int = Field(50_000, ge=0)
    """When so many records of a partition hold too large a share of rejected ones, it ends with 65; 0: never."""
    brake_percent: int = Field(95, ge=1, le=100)
    """The share that is too large. Rejections as `too_late` and `too_many_series` do not count."""
    max_series_per_app: int = Field(1_000, ge=1)
    """How many scopes one app may have, of each metric in each partition; a record that would begin one more is
    rejected as `too_many_series`. What is stored stays when it is lowered.
    """
    log_format: LogFormat = LogFormat.TEXT
    """`text`, or `json`: one object a line, for a log collector."""
    prober_interval: DurationMs = Field(60_000, ge=1_000)
    """How often each URL is checked."""
    prober_group: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,200}$")
    """Probers of one group share the catalogue's URLs; `<SLO_APPLICATION_ID>-prober` unless set."""
    prober_ports: Annotated[frozenset[Port], NoDecode, BeforeValidator(_separated)] = frozenset({443, 8443})
    """Ports a prober may call, by commas."""
    prober_allow_private: bool = False
    """Also http, any port and private addresses: for a prober inside the network it watches."""
    prober_reference_urls: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated)] = ()
    """URLs that nearly always answer, by commas: where all of them fail, the prober reports nothing."""
    prober_suspended: WhatBecomes = WhatBecomes.DROP
    """What becomes of results while reporting was suspended: `drop` leaves them out, `report` sends them afterwards."""
    prober_confirm: bool = False
    """A bad check counts only if another prober of the group does not see the URL well at the same time."""
    prober_health_port: int = Field(8094, ge=0, le=65_535)
    """Port of the prober's `/live`, `/ready` and `/metrics`, at `SLO_HEALTH_HOST`; 0: nowhere."""
    fail: str | None = Field(
        None, pattern=r"^(after_rows|after_alerts|after_offsets|after_commit)(:[1-9]\d*(:(kill|stop))?)?$"
    )
    """For tests: a step of a commit at which the process is killed or stopped, `after_rows:5:stop`."""

    security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    """Transport to the brokers: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT`, `SASL_SSL`."""
    sasl_mechanism: str = Field("SCRAM-SHA-512", pattern=r"^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512)$")
    """`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`."""
    # Validated also when not set: what one setting needs of another is said beside all other faults.
    sasl_username: str | None = Field(None, validate_default=True)
    """Needed with SASL."""
    sasl_password_file: Path | None = None
    """A file that holds the password."""
    sasl_password: SecretStr | None = Field(None, validate_default=True)
    """Needed with SASL, unless a file holds it."""
    ssl_cafile: Path | None = None
    """Certificates of the authorities to trust; the system's unless set."""
    ssl_certfile: Path | None = None
    """Certificate of this client, where the brokers ask for one."""
    ssl_keyfile: Path | None = Field(None, validate_default=True)
    """Its key."""

    @field_validator("bootstrap_servers")
    @classmethod
    def _servers_are_some(cls, servers: str) -> str:
        for server in by_commas(servers):
            found = _SERVER.fullmatch(server)
            if found is None or not 1 <= int(found["port"] or 1) <= _LAST_PORT:
                raise ValueError(
                    f"{server!r} is no broker; write host:port, several by commas: kafka-1:9092,kafka-2:9092"
                )
        return servers

    @field_validator("sasl_username", "sasl_password")
    @classmethod
    def _login_is_complete(cls, value: str | SecretStr | None, info: ValidationInfo) -> str | SecretStr | None:
        protocol = info.data.get("security_protocol")  # absent when it is wrong itself
        file = info.data.get("sasl_password_file") if info.field_name == "sasl_password" else None
        if file is not None:
            if value:
                raise ValueError("set, but SLO_SASL_PASSWORD_FILE is, too: one of them")
            return value
        if protocol is not None and protocol.has_login and not value:
            raise ValueError(f"{protocol} needs it, and it is not set")
        return value

    @field_validator("sasl_password_file")
    @classmethod
    def _file_holds_a_password(cls, path: Path | None) -> Path | None:
        if path is not None and not read_secret(path):
            raise ValueError(f"{path} holds no password")
        return path

    @field_validator("replaces")
    @classmethod
    def _replaces_another(cls, replaced: str | None, info: ValidationInfo) -> str | None:
        if replaced is not None and replaced == info.data.get("application_id"):
            raise ValueError("is SLO_APPLICATION_ID itself: it names the application before this one")
        return replaced

    @field_validator("ssl_cafile")
    @classmethod
    def _cafile_is_one(cls, path: Path | None) -> Path | None:
        if path is not None:
            check_cafile(path)
        return path

    @field_validator("ssl_keyfile")
    @classmethod
    def _identity_is_complete(cls, keyfile: Path | None, info: ValidationInfo) -> Path | None:
        certfile = info.data.get("ssl_certfile")
        if keyfile is not None and certfile is not None:
            check_identity(certfile, keyfile)
        elif certfile is not None:
            raise ValueError("not set, but SLO_SSL_CERTFILE is (name the same file in both if it holds both)")
        elif keyfile is not None:
            raise ValueError("set, but SLO_SSL_CERTFILE is not")
        return keyfile

    def read_sasl_password(self) -> str | None:
        """The password in the clear, for a client library alone; None where none is set."""
        return one_secret(self.sasl_password, self.sasl_password_file, "SLO_SASL_PASSWORD")

    @property
    def uses_sasl(self) -> bool:
        """Whether the brokers ask for a user name and password."""
        return self.security_protocol.has_login

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol.is_encrypted

    @property
    def watchdog_ms(self) -> int:
        """How long a worker may make no progress; unless set, what it may take to be given up and to store its work."""
        return self.session_timeout + self.transaction_timeout if self.watchdog is None else self.watchdog

    @property
    def prober_group_id(self) -> str:
        """Consumer group of the probers that share the catalogue's URLs; of this application unless set."""
        return self.prober_group or f"{self.application_id}-prober"

    @property
    def topics(self) -> Topics:
        """Topic names under the configured prefixes."""
        return Topics(self.topic_prefix, self.output_prefix)

    @cached_property
    def ssl_context(self) -> ssl.SSLContext | None:
        """TLS 1.2 or newer with host name check; None without TLS."""
        return tls_context(self.ssl_cafile, self.ssl_certfile, self.ssl_keyfile) if self.uses_tls else None


AnySettings = TypeVar("AnySettings", bound=Settings)


def load_settings() -> Settings:
    """Settings of this process's environment.

    Raises:
        InvalidSettingsError: as `load_settings_of`.
    """
    return load_settings_of(Settings)


def load_settings_of(kind: type[AnySettings]) -> AnySettings:
    """Settings of this process's environment, of a command that has some of its own.

    Raises:
        InvalidSettingsError: names every setting that cannot be used, and why.
    """
    try:
        return kind()
    except ValidationError as error:
        lines = [_explain(*problem["loc"], message=problem["msg"]) for problem in error.errors()]
        raise InvalidSettingsError("\n".join(lines)) from None


def _explain(*location: str | int, message: str) -> str:
    name = f"SLO_{location[0]}".upper() if location else "settings"
    return f"{name}: {message.removeprefix('Value error, ')}"
