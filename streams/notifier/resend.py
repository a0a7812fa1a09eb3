"""Open breaches, told to Alertmanager again each minute: it keeps them in memory, and lets go what is not told again.

Recoveries are told again for a while, for one who was restarted in between and has forgotten that there was anything.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.notifier.channel import Accepted
from streams.notifier.channels.alertmanager import RESEND_S, AlertmanagerChannel
from streams.notifier.rows import Now, database_time, execute
from streams.notifier.target import Target
from streams.notifier.targets import Targets

log = logging.getLogger(__name__)

RESOLVED_FOR: Final = timedelta(minutes=15)
TOGETHER: Final = 200
"""Alerts in one request."""
_MOST: Final = 20_000

_TO_REPEAT: Final = """
select d.target, d.body from slo.delivery d join slo.notification n on n.id = d.notification
where d.channel = %(channel)s and d.kind = 'BREACH' and d.state = 'SENT' and n.is_open
union all
select d.target, d.body from slo.delivery d
where d.channel = %(channel)s and d.kind = 'RECOVERY' and d.state = 'SENT' and d.sent_at > %(since)s
limit %(most)s
"""


class Resend:
    """A step of the desk. What it sends is sent beside the other steps, which wait for nobody's server."""

    def __init__(
        self,
        channel: AlertmanagerChannel,
        targets: Targets,
        *,
        now: Now = database_time,
        period_s: float = RESEND_S,
    ) -> None:
        self._channel = channel
        self._targets = targets
        self._now = now
        self._period_s = period_s
        self._begun_s = float("-inf")
        self._sending: asyncio.Task[None] | None = None

    async def take(self, desk: Desk) -> bool:
        """Begin another round when it is time, and the one before has ended."""
        is_busy = self._sending is not None and not self._sending.done()
        if is_busy or time.monotonic() - self._begun_s < self._period_s:
            return False
        self._begun_s = time.monotonic()
        self._sending = asyncio.create_task(self.send(await desk.run(self.read)))
        return False

    async def rest(self) -> None:
        """Another process does it from now on."""
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    async def read(self, connection: Connection) -> dict[str, list[bytes]]:
        """What is to be told again, by target."""
        since = await self._now(connection) - RESOLVED_FOR
        values = {"channel": self._channel.name, "since": since, "most": _MOST}
        found: dict[str, list[bytes]] = {}
        for target_id, body in await (await execute(connection, _TO_REPEAT, values)).fetchall():
            found.setdefault(target_id, []).append(body)
        return found

    async def send(self, found: dict[str, list[bytes]]) -> None:
        """Tell it, all targets at once."""
        targets = {name: self._targets.find(self._channel.name, name) for name in found}
        await asyncio.gather(*(self._tell(target, found[name]) for name, target in targets.items() if target))

    async def _tell(self, target: Target, alerts: list[bytes]) -> None:
        for at in range(0, len(alerts), TOGETHER):
            request = self._channel.repeated(alerts[at : at + TOGETHER], target, datetime.now(UTC))
            outcome = await self._channel.post(request)
            if not isinstance(outcome, Accepted):
                log.warning("%s: %d alerts could not be told again: %s", target.id, len(alerts) - at, outcome.why)
                return  # the next minute comes soon
