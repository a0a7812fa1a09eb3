"""Settings of the notifier: how mail is sent, who else is told, and where people read on."""

import re
from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from streams.notifier.mail.server import MailServer, mail_server
from streams.notifier.target_file.address import check_signing_secret
from streams.outbound.reach import Reach
from streams.rules.settings import RulesSettings
from streams.secret_files import one_secret
from streams.settings import DurationMs

_FROM: Final = re.compile(r"(?:([^<>\r\n\"]*)<)?([^\s<>@]{1,64}@[A-Za-z0-9.-]{1,190})>?")
_PUBLIC_URL: Final = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


class NotifierSettings(RulesSettings):
    """What an operator of the notifier can set, beside the connections to Kafka and the database."""

    notifier_port: int = Field(8093, ge=0, le=65_535)
    """Port of the notifier's `/live`, `/ready` and `/metrics`, at `SLO_HEALTH_HOST`; 0: nowhere."""
    smtp_url: SecretStr | None = None
    """The mail server: `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. STARTTLS is used
    where it is offered, and needed unless the server is this machine. Without a server no mail is sent.
    """
    smtp_url_file: Path | None = None
    """The same, from a file."""
    mail_from: str | None = Field(None, validate_default=True)
    """Whom mails are from: `slo@example.com`, or `Reliability <slo@example.com>`. Needed with a mail server."""
    public_url: str | None = None
    """Where people reach the dashboard, for links: `https://slo.example.com`. Without it there are none."""
    targets: Path | None = None
    """The targets file: who is told beside the addresses of the catalogue, and how."""
    notify_max_age: DurationMs = Field(86_400_000, ge=60_000)
    """Alerts that were older when they were read are recorded, and not sent."""
    notify_keep: DurationMs = Field(35 * 86_400_000, ge=86_400_000)
    """For how long the text of what was sent is kept, and each attempt."""
    notify_record: DurationMs = Field(400 * 86_400_000, ge=62 * 86_400_000)
    """For how long it is on record that something was told, to whom and when; of what is open for as long as it is. Not
    shorter than `SLO_NOTIFY_KEEP` and `SLO_NOTIFY_MAX_AGE`.
    """
    notify_allow_private: bool | None = None
    """Also http, any port and private addresses: for targets inside the network. As `SLO_PROBER_ALLOW_PRIVATE` unless
    set; public targets may have the ports of `SLO_PROBER_PORTS`.
    """
    webhook_secret: SecretStr | None = None
    """What webhooks are signed with whose target has no `secret` of its own: `whsec_` and base64 of 24 to 64 bytes."""
    webhook_secret_file: Path | None = None
    """The same, from a file."""
    status_page_dir: Path | None = None
    """A folder that the status page is written to: JSON, Atom and HTML for any web server. Without it there is none."""
    traces: bool = False
    """Export each notification, delivery and incident as a span, by OTLP over HTTP, to where OpenTelemetry's variables
    say (`OTEL_EXPORTER_OTLP_ENDPOINT`, `_HEADERS`, `OTEL_SERVICE_NAME`). Needs the extra `otel`.
    """
    status_page_name: str = Field("Status", min_length=1, max_length=100)
    """What the status page is called."""

    @field_validator("notify_record")
    @classmethod
    def _record_outlasts_the_text(cls, record_ms: int, info: ValidationInfo) -> int:
        # Alerts that may still be told must be known, or a replay would tell them again.
        for name in ("notify_keep", "notify_max_age"):
            if record_ms < info.data.get(name, 0):
                raise ValueError(f"it is shorter than SLO_{name.upper()}")
        return record_ms

    @field_validator("smtp_url")
    @classmethod
    def _url_names_a_server(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            mail_server(url.get_secret_value())
        return url

    @field_validator("smtp_url_file")
    @classmethod
    def _file_names_a_server(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None:
            mail_server(one_secret(info.data.get("smtp_url"), path, "SLO_SMTP_URL") or "")
        return path

    @field_validator("webhook_secret")
    @classmethod
    def _secret_signs(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            check_signing_secret(secret.get_secret_value())
        return secret

    @field_validator("webhook_secret_file")
    @classmethod
    def _file_holds_a_secret(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        if path is not None:
            check_signing_secret(one_secret(info.data.get("webhook_secret"), path, "SLO_WEBHOOK_SECRET") or "")
        return path

    @field_validator("mail_from")
    @classmethod
    def _from_is_an_address(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is None and (info.data.get("smtp_url") or info.data.get("smtp_url_file")):
            raise ValueError("not set, but there is a mail server: it is whom mails are from, as slo@example.com")
        if text is not None and _FROM.fullmatch(text.strip()) is None:
            raise ValueError("it is no mail address, as slo@example.com or Reliability <slo@example.com>")
        return text

    @field_validator("public_url")
    @classmethod
    def _public_url_is_one(cls, url: str | None) -> str | None:
        if url is not None and _PUBLIC_URL.fullmatch(url) is None:
            raise ValueError("it is no address of a web page, as https://slo.example.com")
        return None if url is None else url.rstrip("/")

    def mail_server(self) -> MailServer | None:
        """The mail server; None where none is set."""
        url = one_secret(self.smtp_url, self.smtp_url_file, "SLO_SMTP_URL")
        return None if url is None else mail_server(url)

    def read_webhook_secret(self) -> str | None:
        """What webhooks are signed with by default."""
        return one_secret(self.webhook_secret, self.webhook_secret_file, "SLO_WEBHOOK_SECRET")

    @property
    def reach(self) -> Reach:
        """What may be called."""
        allows = self.prober_allow_private if self.notify_allow_private is None else self.notify_allow_private
        return Reach(self.prober_ports, allows)

    @property
    def sender(self) -> tuple[str, str]:
        """Name and address of `mail_from`."""
        match = _FROM.fullmatch((self.mail_from or "").strip())
        if match is None:
            return "", ""
        return (match[1] or "SLO alerts").strip(), match[2]
