"""The desk's step that exports spans: of what was told and sent some moments ago, as the database has it.

Nothing else knows of it. A desk that takes over begins some minutes earlier than it has to: spans have the same ids
again, by which whoever keeps them knows them.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.notifier.notification import Kind, Notification
from streams.notifier.rows import Now, database_time
from streams.notifier.tracing.export import Exporter
from streams.notifier.tracing.span import Delivered, Span, of_delivery, of_notification

log = logging.getLogger(__name__)

_EVERY_S: Final = 5.0
_RETRY_S: Final = 30.0
_LATE: Final = timedelta(seconds=30)  # a transaction is over by then: its rows have the time at which it began
_BEFORE: Final = timedelta(minutes=10)
_MOST: Final = timedelta(minutes=1)  # of time, in one go
_AT_ONCE: Final = 512
_GIVEN_UP: Final = timedelta(hours=1)  # what was not taken by then never will be, and must not keep back the rest

_TOLD: Final = """
select n.id, n.kind, n.thread, n.time_ms, n.data, n.app_key, n.partner, n.severity, n.role, i.start_ms, i.ended_ms
from notification n left join incident i on n.thread = 'incident-' || i.id
where n.created_at > %(from)s and n.created_at <= %(to)s order by n.created_at, n.id
"""
_DELIVERED: Final = """
select id, notification, thread, kind, channel, target, attempts, created_at, coalesce(sent_at, dead_at),
  case when state = 'DEAD' then coalesce(reason, 'DEAD') end
from delivery where coalesce(sent_at, dead_at) > %(from)s and coalesce(sent_at, dead_at) <= %(to)s
order by coalesce(sent_at, dead_at), id
"""


class TraceStep:
    """Exports what is new, beside the desk's work, which does not wait for it. A collector that is away is asked again.

    `make` gives the exporter, as soon as this process is the desk.
    """

    def __init__(self, make: Callable[[], Exporter], *, now: Now = database_time) -> None:
        self._make = make
        self._now = now
        self._exporter: Exporter | None = None
        self._exporting: asyncio.Task[bool] | None = None
        self._until: datetime | None = None
        self._exported_until: datetime | None = None
        self._rests_until_s = float("-inf")
        self._is_away = False

    async def take(self, desk: Desk) -> bool:
        """Begin to export what was told in the next minute, once the one before is taken; nothing waits for that."""
        if self._exporting is not None:
            if not self._exporting.done():
                return False
            is_taken, self._exporting = self._exporting.result(), None
            self._note(is_away=not is_taken)
            if is_taken:
                self._exported_until = self._until
            else:
                self._rests_until_s = time.monotonic() + _RETRY_S
        if time.monotonic() < self._rests_until_s:
            return False
        now, until, spans = await desk.run(self._next)
        self._until = until
        if self._exporter is None:
            self._exporter = self._make()
        if spans:
            self._exporting = asyncio.create_task(_export(self._exporter, spans))
        else:
            self._exported_until = until
        more = until < now - _LATE
        self._rests_until_s = float("-inf") if more else time.monotonic() + _EVERY_S
        return more and not spans

    async def rest(self) -> None:
        """Whoever is the desk exports."""
        exporting, self._exporting, self._until, self._exported_until = self._exporting, None, None, None
        if exporting is not None:
            await asyncio.wait([exporting])
        exporter, self._exporter = self._exporter, None
        if exporter is not None:
            await exporter.close()

    async def _next(self, connection: Connection) -> tuple[datetime, datetime, Sequence[Span]]:
        now = await self._now(connection)
        since = now - _BEFORE if self._exported_until is None else max(self._exported_until, now - _GIVEN_UP)
        until = max(since, min(now - _LATE, since + _MOST))
        values = {"from": since, "to": until}
        spans: list[Span] = []
        for name, kind, *rest, start_ms, ended_ms in await _rows(connection, _TOLD, values):
            incident = None if start_ms is None else (start_ms, ended_ms)
            spans += of_notification(Notification(name, Kind(kind), *rest), incident)
        spans += [of_delivery(Delivered(*row)) for row in await _rows(connection, _DELIVERED, values)]
        return now, until, spans

    def _note(self, *, is_away: bool) -> None:
        if is_away and not self._is_away:
            log.warning("spans are not taken; OTEL_EXPORTER_OTLP_ENDPOINT says where they go: trying again")
        self._is_away = is_away


async def _export(exporter: Exporter, spans: Sequence[Span]) -> bool:
    for at in range(0, len(spans), _AT_ONCE):
        if not await exporter.export(spans[at : at + _AT_ONCE]):
            return False
    return True


async def _rows(connection: Connection, query: str, values: dict[str, datetime]) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query.encode(), values)).fetchall()
