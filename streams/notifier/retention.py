"""How long is kept what was sent: the bytes, and each attempt; later also that it was told, to whom and when."""

import time
from datetime import timedelta
from typing import Final

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.notifier.rows import Now, database_time, execute

PERIOD_S: Final = 3_600.0
_MOST: Final = 5_000

# What is open is told again to Alertmanager, by the bytes that were sent first.
_BODIES: Final = """
update slo.delivery d set body = null, headers = null from slo.notification n
where d.sent_at <= %(before)s and d.body is not null and n.id = d.notification and not n.is_open
"""
_ATTEMPTS: Final = """
delete from slo.delivery_attempt a using slo.delivery d
where a.at <= %(before)s and d.id = a.delivery and d.state <> 'DUE'
"""
# Nothing of a story is forgotten while it is open, or some of it is due; a digest after what it lists. By then alerts
# are too old to be told: reading them again tells nobody.
_FORGET: Final = """
with old as (
  select n.id from slo.notification n
  where n.created_at <= %(forget)s and not n.is_open
    and not exists (select from slo.notification o join slo.delivery d on d.notification = o.id
      where o.thread = n.thread and (d.state = 'DUE' or o.is_open))
    and not exists (select from slo.delivery d join slo.delivery m on m.digest = d.id where d.notification = n.id)
  limit %(most)s
), attempts as (
  delete from slo.delivery_attempt a using old, slo.delivery d where d.notification = old.id and a.delivery = d.id
), deliveries as (
  delete from slo.delivery d using old where d.notification = old.id
)
delete from slo.notification n using old where n.id = old.id
"""


class Retention:
    """A step of the desk: drops, each hour, the text of what was sent `kept_ms` ago and each attempt, and forgets
    altogether what was told `recorded_ms` ago.
    """

    def __init__(self, kept_ms: int, recorded_ms: int, *, now: Now = database_time) -> None:
        self._kept = timedelta(milliseconds=kept_ms)
        self._recorded = timedelta(milliseconds=recorded_ms)
        self._now = now
        self._done_s = float("-inf")

    async def take(self, desk: Desk) -> bool:
        """What is too old by now; whether there is more."""
        if time.monotonic() - self._done_s < PERIOD_S:
            return False
        more = await desk.run(self.do)
        if not more:
            self._done_s = time.monotonic()
        return more

    async def rest(self) -> None:
        """Nothing is held."""

    async def do(self, connection: Connection) -> bool:
        """The same, in a transaction that is open."""
        now = await self._now(connection)
        values = {"before": now - self._kept, "forget": now - self._recorded, "most": _MOST}
        await execute(connection, _BODIES, values)
        await execute(connection, _ATTEMPTS, values)
        return (await execute(connection, _FORGET, values)).rowcount == _MOST
