"""Storms: a person is told of the first few alerts one by one, then in digests that list every one."""

import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from streams.database.patient import Connection
from streams.notifier.channel import Channel
from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.notification import OF_ALERTS, Kind, Notification, digest
from streams.notifier.rows import COLUMNS, Row, execute, read_rows
from streams.notifier.suppression import without_suppressed
from streams.notifier.target import target_hash
from streams.notifier.targets import Targets

SINGLES: Final = 5
SINGLES_IN: Final = timedelta(minutes=10)
DIGEST_EACH: Final = timedelta(minutes=5)

_LOCK: Final = "select pg_advisory_xact_lock(%(space)s, %(target)s)"
_LOCK_SPACE: Final = 0x736C_6F73  # 'slos': storms of a target; any number that nobody else takes
_ALERTS: Final = [kind.value for kind in OF_ALERTS]
_TOLD_LATELY: Final = """
select count(*) from slo.delivery where channel = %(channel)s and target = %(target)s and not machine
and kind = any(%(alerts)s) and rendered_at > %(since)s
"""
_HOLD: Final = """
update slo.delivery set held = true, due_at = %(due)s where channel = %(channel)s and target = %(target)s
and state = 'DUE' and not held and body is null and kind = any(%(alerts)s) and id <> all(%(singles)s)
and id in (select id from slo.delivery
  where channel = %(channel)s and target = %(target)s and state = 'DUE' and not held for update skip locked)
"""
_HELD_TARGETS: Final = """
select distinct target from slo.delivery
where channel = %(channel)s and state = 'DUE' and digest is null and held and due_at <= %(now)s
"""
# Not before what the same target still waits for by itself, or in an earlier digest.
_HELD: Final = f"""
select {COLUMNS} from slo.delivery d join slo.notification n on n.id = d.notification
where d.channel = %(channel)s and d.target = %(target)s and d.state = 'DUE' and d.digest is null and d.held
  and d.due_at <= %(now)s
  and not exists (select from slo.delivery e where e.target = d.target and e.thread = d.thread
    and e.channel = d.channel and e.seq < d.seq and e.state = 'DUE' and (e.digest is not null or not e.held))
order by d.seq limit %(limit)s for update of d skip locked
"""  # noqa: S608  columns of our own
_RELEASE: Final = "update slo.delivery set held = false where id = any(%(ids)s)"
_JOIN: Final = "update slo.delivery set digest = %(digest)s where id = any(%(ids)s)"


async def hold_back(connection: Connection, channel: str, rows: Sequence[Row], now: datetime) -> list[Row]:
    """Of what is due: what may be told singly. What came too much for a person waits for the next digest."""
    allowed = {row.id for row in rows if row.machine or row.kind not in OF_ALERTS or row.body is not None}
    people: dict[str, list[Row]] = {}
    for row in rows:
        if row.id not in allowed:
            people.setdefault(row.target, []).append(row)
    for target in sorted(people):
        await _lock(connection, channel, target)
        values: dict[str, object] = {"channel": channel, "target": target, "alerts": _ALERTS}
        told = await execute(connection, _TOLD_LATELY, {**values, "since": now - SINGLES_IN})
        count = await told.fetchone()
        room = max(0, SINGLES - (count[0] if count else 0))
        singles = [row.id for row in people[target][:room]]
        allowed.update(singles)
        if len(people[target]) > room:
            await execute(connection, _HOLD, {**values, "due": _next_digest(now), "singles": singles})
    return [row for row in rows if row.id in allowed]


def _next_digest(now: datetime) -> datetime:
    return now + DIGEST_EACH - timedelta(seconds=now.timestamp() % DIGEST_EACH.total_seconds())


async def _lock(connection: Connection, channel: str, target: str) -> None:
    """Of two notifiers only one decides what a target is told singly."""
    number = zlib.crc32(f"{channel}{target}".encode()) - 2**31
    await execute(connection, _LOCK, {"space": _LOCK_SPACE, "target": number})


async def make_digests(connection: Connection, channel: Channel, targets: Targets, now: datetime) -> None:
    """Join what waited for a digest; each becomes a delivery of its own, and is sent as any other."""
    values = {"channel": channel.name, "now": now, "limit": channel.most_listed}
    for (target_id,) in await (await execute(connection, _HELD_TARGETS, values)).fetchall():
        target = targets.find(channel.name, target_id)
        await _lock(connection, channel.name, target_id)
        while rows := await read_rows(connection, _HELD, {**values, "target": target_id}):
            if target is None:
                await execute(connection, _RELEASE, {"ids": [row.id for row in rows]})
                continue
            rows = await without_suppressed(connection, rows, targets, now)
            if not rows:
                continue
            told = _digest_of(rows, target_hash(channel.name, target_id))
            await enqueue(connection, Enqueued(told, [target]))
            await execute(connection, _JOIN, {"digest": target.delivery_id(told.id), "ids": [row.id for row in rows]})


def _digest_of(rows: Sequence[Row], target: str) -> Notification:
    """Named after the first of them, which is in no other digest."""
    name = f"digest-{target}-{rows[0].seq}"
    data = digest([(Kind(row.kind), row.data) for row in rows])
    return Notification(name, Kind.DIGEST, name, max(row.time_ms for row in rows), data)
