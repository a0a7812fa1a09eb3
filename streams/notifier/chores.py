"""What time brings: reminders, the ends of silences, letters that are given up, and what operators should know of."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from schemas.event_time import utc_text
from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.notification import DAY_MS, REMINDERS_ONLY, Kind, Notification, notice
from streams.notifier.retry import GIVE_UP_S
from streams.notifier.rows import Now, database_time, execute
from streams.notifier.target import Target
from streams.notifier.targets import Targets
from streams.plural import number_of

PERIOD_S: Final = 1.0
OPERATORS: Final = "operators"
_STUCK_FOR: Final = timedelta(minutes=5)
_MOST: Final = 1_000
_HOUR_MS: Final = 3_600_000

# Only what somebody was told of, or wants to hear of not before it is a day old. A level of a budget stays for weeks,
# and nobody can do more about it than when it was told.
_OPEN: Final = """
select n.id, n.thread, n.time_ms, n.data, n.app_key, n.partner, n.severity,
  array_agg(d.channel order by d.seq), array_agg(d.target order by d.seq)
from slo.notification n
join slo.delivery d on d.notification = n.id and (d.state = 'SENT' or d.reason = %(reminders_only)s)
where n.is_open and n.time_ms <= %(before)s and n.data->>'objective' !~ '/budget-[0-9]+$'
  and not exists (select from slo.notification r
    where r.id = n.thread || '-reminder-' || ((%(now)s - n.time_ms) / %(day)s))
group by n.id limit %(most)s
"""
_SILENCE_IS_OVER: Final = """
update slo.delivery d set state = 'DUE', reason = null, silence = null, due_at = %(now)s, due_since = %(now)s
from slo.notification n, slo.silence s
where d.state = 'SUPPRESSED' and d.silence = s.id and s.ends_at <= %(now)s and n.id = d.notification and n.is_open
  and d.kind = 'BREACH'
"""
# Where a name or a secret is refused nothing is given up: it is ours to mend.
_GIVE_UP: Final = """
with given_up as (
  update slo.delivery d set state = 'DEAD', dead_at = %(now)s, lease_by = null, lease_until = null,
    reason = 'GAVE_UP: ' || coalesce(d.reason, 'nothing got through')
  where d.state = 'DUE' and d.due_since <= %(since)s and d.digest is null
    and (d.lease_until is null or d.lease_until <= %(now)s)
    and (d.attempts > 0 or exists (select from slo.pause p where p.key in (d.channel, d.channel || ' ' || d.target)))
    and not exists (select from slo.pause p
      where p.key in (d.channel, d.channel || ' ' || d.target) and p.unauthorised)
  returning d.id
)
update slo.delivery m set state = 'DEAD', dead_at = %(now)s, reason = 'GAVE_UP: its digest' from given_up g
where m.digest = g.id and m.state = 'DUE'
"""
_DEAD: Final = """
select channel, count(*), count(distinct target), min(reason)
from slo.delivery where state = 'DEAD' and kind <> 'OPERATORS' and dead_at > %(since)s group by channel
"""
_NOT_PUBLISHED: Final = "select id::text, refused from outbox where refused is not null"
_STUCK: Final = """
select key, channel, since, why from slo.pause where unauthorised or since <= %(since)s
"""


class Chores:
    """A step of the desk: done by one notifier for all. `is_told` is called whenever there may be something to send."""

    def __init__(
        self,
        targets: Targets,
        is_told: Callable[[], None] = lambda: None,
        *,
        now: Now = database_time,
        period_s: float = PERIOD_S,
    ) -> None:
        self._targets = targets
        self._is_told = is_told
        self._now = now
        self._period_s = period_s
        self._done_s = float("-inf")

    async def take(self, desk: Desk) -> bool:
        """All that is due by now; whether there is more."""
        if time.monotonic() - self._done_s < self._period_s:
            return False
        more = await desk.run(self.do)
        self._is_told()
        if not more:
            self._done_s = time.monotonic()
        return more

    async def rest(self) -> None:
        """Nothing is held."""

    async def do(self, connection: Connection) -> bool:
        """The same, in a transaction that is open."""
        now = await self._now(connection)
        await execute(connection, _SILENCE_IS_OVER, {"now": now})
        await execute(connection, _GIVE_UP, {"now": now, "since": now - timedelta(seconds=GIVE_UP_S)})
        await self._tell_operators(connection, now)
        return await self._remind(connection, now)

    async def _remind(self, connection: Connection, now: datetime) -> bool:
        """Of each breach that has been open for another day, once, however late."""
        now_ms = _ms(now)
        values = {
            "now": now_ms,
            "before": now_ms - DAY_MS,
            "day": DAY_MS,
            "most": _MOST,
            "reminders_only": REMINDERS_ONLY,
        }
        rows = await (await execute(connection, _OPEN, values)).fetchall()
        await enqueue(connection, *(self._reminder(row, now_ms) for row in rows))
        return len(rows) == _MOST

    def _reminder(self, row: tuple[Any, ...], now_ms: int) -> Enqueued:
        _, thread, breached_ms, data, app_key, partner, severity, channels, target_ids = row
        days = (now_ms - breached_ms) // DAY_MS
        told = Notification(
            f"{thread}-reminder-{days}",
            Kind.REMINDER,
            thread,
            breached_ms + days * DAY_MS,
            data,
            app_key,
            partner,
            severity,
        )
        found = (self._targets.find(*one) for one in zip(channels, target_ids, strict=True))
        return Enqueued(told, [target for target in found if target is not None and target.wants(told)])

    async def _tell_operators(self, connection: Connection, now: datetime) -> None:
        """Of dead letters once an hour, of what is paused or cannot be published once: by no channel in trouble."""
        dead = await (await execute(connection, _DEAD, {"now": now, "since": now - timedelta(hours=1)})).fetchall()
        stuck = await (await execute(connection, _STUCK, {"since": now - _STUCK_FOR})).fetchall()
        refused = await (await execute(connection, _NOT_PUBLISHED, {})).fetchall()
        now_ms = _ms(now)
        told = [_of_dead(now_ms, *row) for row in dead] + [_of_pause(now_ms, *row) for row in stuck]
        told += [_of_refused(now_ms, *row) for row in refused]
        await enqueue(connection, *(Enqueued(one, self._operators(one)) for one in told))

    def _operators(self, told: Notification) -> list[Target]:
        failing = told.data["facts"].get("channel")
        return [target for target in self._targets.wanting(told) if target.channel != failing]


def _of_dead(now_ms: int, channel: str, letters: int, targets: int, reason: str) -> Notification:
    text = (
        "What is dead is sent no more until somebody asks for it: `slo-streams deliveries list --state dead` lists it, "
        "`slo-streams deliveries retry` sends it again."
    )
    facts = {"channel": channel, "deliveries": letters, "targets": targets, "one of the reasons": reason}
    subject = f"{number_of(letters, 'notification')} could not be delivered by {channel}"
    return _trouble(f"dead-{channel}-{now_ms // _HOUR_MS}", now_ms, notice(subject, [text], facts))


def _of_pause(now_ms: int, key: str, channel: str, since: datetime, why: str) -> Notification:
    text = (
        "Nothing is lost: what is due waits, and is sent once something gets through again. See whether the server is "
        "there, and whether it still takes the notifier's name and secret."
    )
    facts = {"channel": channel, "since": utc_text(_ms(since)), "reason": why}
    return _trouble(f"paused-{key}-{_ms(since)}", now_ms, notice(f"Nothing gets through by {channel}", [text], facts))


def _of_refused(now_ms: int, name: str, why: str) -> Notification:
    text = (
        "It stays in the database's table slo.outbox. Pages and API have it, readers of the topic do not: the next "
        "change of the same key is published again. See whether the topic's max.message.bytes is lower than usual: "
        "slo-streams doctor."
    )
    facts = {"record": why.partition(": ")[0], "reason": why.partition(": ")[2]}
    return _trouble(f"outbox-{name}", now_ms, notice("A record is too large to be published", [text], facts))


def _trouble(name: str, time_ms: int, said: dict[str, Any]) -> Notification:
    return Notification(name, Kind.OPERATORS, name, time_ms, said, role=OPERATORS)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)
