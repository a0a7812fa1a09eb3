"""How long is kept what was sent: the bytes, and each attempt. That it was told, to whom and when, stays."""

import time
from datetime import timedelta
from typing import Final

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.notifier.rows import Now, database_time, execute

PERIOD_S: Final = 3_600.0

# What is open is told again to Alertmanager, by the bytes that were sent first.
_BODIES: Final = """
update slo.delivery d set body = null, headers = null from slo.notification n
where d.sent_at <= %(before)s and d.body is not null and n.id = d.notification and not n.is_open
"""
_ATTEMPTS: Final = """
delete from slo.delivery_attempt a using slo.delivery d
where a.at <= %(before)s and d.id = a.delivery and d.state <> 'DUE'
"""


class Retention:
    """A step of the desk: deletes, each hour, what is older than `kept_ms`."""

    def __init__(self, kept_ms: int, *, now: Now = database_time) -> None:
        self._kept = timedelta(milliseconds=kept_ms)
        self._now = now
        self._done_s = float("-inf")

    async def take(self, desk: Desk) -> bool:
        """All that is too old by now."""
        if time.monotonic() - self._done_s >= PERIOD_S:
            await desk.run(self.do)
            self._done_s = time.monotonic()
        return False

    async def rest(self) -> None:
        """Nothing is held."""

    async def do(self, connection: Connection) -> None:
        """The same, in a transaction that is open."""
        values = {"before": await self._now(connection) - self._kept}
        await execute(connection, _BODIES, values)
        await execute(connection, _ATTEMPTS, values)
