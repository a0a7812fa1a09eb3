"""Settings of the history service: where the database is, and how long what it stores is kept."""

from pydantic import Field

from streams.database.settings import DatabaseSettings
from streams.settings import DurationMs

_DAY_MS = 86_400_000


class HistorySettings(DatabaseSettings):
    """What an operator of history can set, beside the connections to Kafka and the database."""

    history_port: int = Field(8092, ge=0, le=65_535)
    """Port of the history service's `/live`, `/ready` and `/metrics`; 0: nowhere."""
    history_flush: DurationMs = Field(1_000, ge=10, le=60_000)
    """About how often counts are stored, and seen: the rarer, the fewer rows are written."""
    history_minutes: DurationMs = Field(35 * _DAY_MS, ge=29 * _DAY_MS)
    """For how long counts by the minute are kept; a longer period of an SLO keeps them for a day more than itself."""
    history_days: DurationMs = Field(730 * _DAY_MS, ge=35 * _DAY_MS)
    """For how long sums by the day are kept."""
