"""How long counts are kept. Time is the events': a log of the past that is counted today keeps what it says."""

from collections.abc import Iterable
from typing import Final

from streams.database.patient import Connection
from streams.history.codec import DAY_MINUTES, MINUTE_MS
from streams.history.latency import DAY_CHUNKS
from streams.objectives.service_level import ServiceLevel

PERIOD_S: Final = 3_600.0
_DAY_MS: Final = DAY_MINUTES * MINUTE_MS
_NOW: Final = "(select max(watermark_ms) from sink_offset)"
_STATEMENTS: Final = (
    f"delete from day_counts where (day + 1) * {_DAY_MS}::bigint <= {_NOW} - %(minutes)s",  # noqa: S608
    f"delete from latency where (chunk / {DAY_CHUNKS} + 1) * {_DAY_MS}::bigint <= {_NOW} - %(minutes)s",  # noqa: S608
    f"delete from late where (day + 1) * {_DAY_MS}::bigint <= {_NOW} - %(minutes)s",  # noqa: S608
    f"delete from day_sum where (day + 1) * {_DAY_MS}::bigint <= {_NOW} - %(days)s",  # noqa: S608
)


def minutes_kept_ms(set_ms: int, levels: Iterable[ServiceLevel]) -> int:
    """How long minutes are kept: as set, or as the longest period needs them, which would lose its beginning."""
    return max(set_ms, *(level.period_ms + _DAY_MS for level in levels), 0)


async def forget(connection: Connection, minutes_ms: int, days_ms: int) -> None:
    """Delete what lies wholly before what is kept: what is known by the minute or hour, and sums by the day."""
    for statement in _STATEMENTS:
        await connection.execute(statement.encode(), {"minutes": minutes_ms, "days": days_ms})
