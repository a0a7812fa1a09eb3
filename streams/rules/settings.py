"""The setting that names the rules file."""

from pathlib import Path

from streams.database.settings import DatabaseSettings


class RulesSettings(DatabaseSettings):
    """What every service and command needs that judges by the programme's rules."""

    rules: Path | None = None
    """The rules file: numbers of the ladder of impact, severity, common cause; regions of hosts. Else as shipped."""
