"""Deliveries as the database has them, and the time by which they are due: the database's own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

from streams.database.patient import Connection
from streams.notifier.notification import Kind, Notification

Now = Callable[[Connection], Awaitable[datetime]]
"""Tells the time; tests may have another."""


async def database_time(connection: Connection) -> datetime:
    """The database's time: the same for all notifiers, whatever their clocks say."""
    row = await (await connection.execute(b"select clock_timestamp()")).fetchone()
    assert row is not None  # noqa: S101  a select without a from gives one row
    moment: datetime = row[0]
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery with its notification."""

    id: str
    seq: int
    channel: str
    target: str
    machine: bool
    attempts: int
    due_since: datetime
    body: bytes | None
    headers: Mapping[str, str] | None
    notification: str
    kind: str
    thread: str
    time_ms: int
    data: Any
    app_key: str | None
    partner: str | None
    severity: str | None
    role: str | None

    @property
    def told(self) -> Notification:
        """What it tells."""
        return Notification(
            self.notification,
            Kind(self.kind),
            self.thread,
            self.time_ms,
            self.data,
            self.app_key,
            self.partner,
            self.severity,
            self.role,
        )


COLUMNS: Final = """
d.id, d.seq, d.channel, d.target, d.machine, d.attempts, d.due_since, d.body, d.headers, d.notification, d.kind,
d.thread, n.time_ms, n.data, n.app_key, n.partner, n.severity, n.role
"""


async def read_rows(connection: Connection, query: str, values: Mapping[str, object]) -> list[Row]:
    """Deliveries by a query for `COLUMNS`."""
    async with connection.cursor(row_factory=class_row(Row), binary=False) as cursor:
        await cursor.execute(query.encode(), values)
        return await cursor.fetchall()


async def execute(connection: Connection, query: str, values: Mapping[str, object]) -> "psycopg.AsyncCursor[Any]":
    """Run one of our own queries."""
    return await connection.execute(query.encode(), values)
