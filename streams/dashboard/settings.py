"""Settings of the dashboard: where it listens, beside the connection to the database."""

from pathlib import Path

from pydantic import Field

from streams.history.settings import HistorySettings


class DashboardSettings(HistorySettings):
    """What an operator of the dashboard can set, beside what it shares with history."""

    dashboard_host: str = "127.0.0.1"
    """Where the dashboard listens. Any other than this machine alone needs a login: a proxy's, or OIDC."""
    dashboard_port: int = Field(8090, ge=0, le=65_535)
    """Port it listens on; `/live`, `/ready` and `/metrics` are there, too."""
    dashboard_mailbox: Path | None = None
    """Folder of mails to show, one `.eml` each, as `slo-streams run` has one; without it there is no mailbox."""
