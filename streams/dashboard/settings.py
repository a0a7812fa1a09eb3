"""Settings of the dashboard: where it listens, and how one logs in."""

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from streams.history.settings import HistorySettings
from streams.outbound.reach import is_this_machine
from streams.rules.settings import RulesSettings
from streams.secret_files import one_secret
from streams.web.networks import Networks

_LOCAL_COOKIE: Final = "slo-session"
_COOKIE: Final = "__Host-slo-session"  # browsers send it over TLS only, and only where it came from


class DashboardSettings(HistorySettings, RulesSettings):
    """What an operator of the dashboard can set, beside what it shares with history."""

    dashboard_trusted_proxies: Networks = ()
    """Addresses or networks, by commas, of the proxies that log people in: whom `X-Forwarded-User` names, of the groups
    of `X-Forwarded-Groups`, is believed from there and with the shared secret.
    """
    dashboard_proxy_secret: SecretStr | None = None
    """The secret that these proxies send as `X-Slo-Proxy-Secret`."""
    dashboard_proxy_secret_file: Path | None = Field(None, validate_default=True)
    """The same, from a file."""
    dashboard_platform_group: str = Field("platform", min_length=1)
    """Whoever is of this group sees every app."""
    dashboard_manager_group: str = Field("incident-manager", min_length=1)
    """Whoever is of this group, and of the platform's, signs off reviews of incidents."""
    dashboard_partner_prefix: str = Field("partner:", min_length=1)
    """Before the id of a partner, the group of those who see its apps: `partner:acme`."""
    dashboard_embed_key: SecretStr | None = None
    """Signs links to badges, which `slo-streams dashboard embed` makes; without it there are none. A new one ends all.
    """
    dashboard_embed_key_file: Path | None = None
    """The same, from a file."""
    public_url: str | None = Field(None, pattern=r"^https?://[^/?#]+(/[^?#]*)?$")
    """Where people find the dashboard: `https://slo.example.com`."""
    oidc_issuer: str | None = Field(None, pattern=r"^https?://\S+$")
    """Who logs people in by OpenID Connect; its metadata is at `/.well-known/openid-configuration` below it."""
    oidc_client_id: str | None = Field(None, validate_default=True)
    """Needed with an issuer."""
    oidc_client_secret: SecretStr | None = None
    """Needed with an issuer."""
    oidc_client_secret_file: Path | None = Field(None, validate_default=True)
    """The same, from a file."""
    oidc_scope: str = "openid profile email groups"
    """What is asked for; `groups` is the claim that tells what somebody sees."""
    oidc_groups_claim: str = "groups"
    """The claim with somebody's groups."""
    dashboard_host: str = Field("127.0.0.1", validate_default=True)
    """Where the dashboard listens. Any other than this machine alone needs a login: a proxy's, or OIDC."""
    dashboard_port: int = Field(8090, ge=0, le=65_535)
    """Port it listens on; `/live`, `/ready` and `/metrics` are there, too."""
    dashboard_mailbox: Path | None = None
    """Folder of mails to show, one `.eml` each, as `slo-streams run` has one; without it there is no mailbox."""

    @field_validator("dashboard_proxy_secret_file")
    @classmethod
    def _proxies_have_a_secret(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        secret = one_secret(info.data.get("dashboard_proxy_secret"), path, "SLO_DASHBOARD_PROXY_SECRET")
        if info.data.get("dashboard_trusted_proxies") and not secret:
            raise ValueError("SLO_DASHBOARD_TRUSTED_PROXIES needs a secret that only they know")
        if secret and not info.data.get("dashboard_trusted_proxies"):
            raise ValueError("SLO_DASHBOARD_TRUSTED_PROXIES is not set: from whom is the secret?")
        return path

    @field_validator("oidc_client_id")
    @classmethod
    def _issuer_has_a_client(cls, name: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("oidc_issuer") and not name:
            raise ValueError("SLO_OIDC_ISSUER needs it, and it is not set")
        return name

    @field_validator("oidc_client_secret_file")
    @classmethod
    def _client_has_a_secret(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        secret = one_secret(info.data.get("oidc_client_secret"), path, "SLO_OIDC_CLIENT_SECRET")
        if info.data.get("oidc_issuer") and not secret:
            raise ValueError("SLO_OIDC_ISSUER needs it, here or in the variable, and it is not set")
        return path

    @field_validator("dashboard_host")
    @classmethod
    def _others_log_in(cls, host: str, info: ValidationInfo) -> str:
        if not is_this_machine(host) and not (
            info.data.get("dashboard_trusted_proxies") or info.data.get("oidc_issuer")
        ):
            raise ValueError(
                "others can reach it there, and nobody would have to log in: set SLO_OIDC_ISSUER, or a proxy that logs "
                "people in (SLO_DASHBOARD_TRUSTED_PROXIES)"
            )
        return host

    @property
    def is_alone(self) -> bool:
        """Whether it is for who is at this machine: with a link that logs in once."""
        return not self.dashboard_trusted_proxies and self.oidc_issuer is None

    @property
    def base_url(self) -> str:
        """Where people find the dashboard."""
        return (self.public_url or f"http://{self.dashboard_host}:{self.dashboard_port}").rstrip("/")

    @property
    def session_cookie(self) -> str:
        """The name of the cookie; only at this machine it goes without TLS."""
        return _COOKIE if self.base_url.startswith("https:") else _LOCAL_COOKIE

    def read_proxy_secret(self) -> str | None:
        """The secret that proxies share with us."""
        return one_secret(self.dashboard_proxy_secret, self.dashboard_proxy_secret_file, "SLO_DASHBOARD_PROXY_SECRET")

    def read_embed_key(self) -> str | None:
        """The key that signs links to badges."""
        return one_secret(self.dashboard_embed_key, self.dashboard_embed_key_file, "SLO_DASHBOARD_EMBED_KEY")

    def read_oidc_client_secret(self) -> str | None:
        """The secret that the issuer gave us."""
        return one_secret(self.oidc_client_secret, self.oidc_client_secret_file, "SLO_OIDC_CLIENT_SECRET")
