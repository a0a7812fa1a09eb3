"""Claiming: which deliveries a notifier sends next, decided and rendered in one transaction, before anything is sent.

A claim is a lease by the database's clock. Of one thread a target's earlier deliveries come first: while one of them is
due, no later one is claimed. Silences are looked at now, not when the alert came.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from streams.compact import compact_json
from streams.database.patient import Connection
from streams.notifier.channel import Channel, Message
from streams.notifier.notification import Kind
from streams.notifier.rows import COLUMNS, Row, execute, read_rows
from streams.notifier.storms import hold_back
from streams.notifier.suppression import without_suppressed
from streams.notifier.target import Target
from streams.notifier.targets import Targets

log = logging.getLogger(__name__)

LEASE_S: Final = 90.0
"""Three times as long as a message takes at most: one whose turn has not come by then is left to others."""

_DUE: Final = f"""
select {COLUMNS} from slo.delivery d join slo.notification n on n.id = d.notification
where d.channel = %(channel)s and d.state = 'DUE' and d.digest is null and not d.held and d.due_at <= %(now)s
  and (d.lease_until is null or d.lease_until <= %(now)s)
  and not exists (select from slo.pause p where p.key in (d.channel, d.channel || ' ' || d.target)
    and p.until > %(now)s and p.key <> all(%(probed)s))
  and not exists (select from (select e.state from slo.delivery e
    where e.thread = d.thread and e.target = d.target and e.channel = d.channel and e.seq < d.seq offset 0) e
    where e.state = 'DUE')
order by d.due_at, d.seq limit %(limit)s for update of d skip locked
"""  # noqa: S608  columns of our own
# Where nothing got through one is sent to see whether something does now; others wait for as long as that may take.
_PROBE: Final = """
update slo.pause set until = %(until)s where channel = %(channel)s and until <= %(now)s returning key
"""
_NOT_PROBED: Final = "update slo.pause set until = %(now)s where key = any(%(keys)s)"
_BURY: Final = """
update slo.delivery d set state = 'DEAD', dead_at = %(now)s, reason = r.reason, lease_by = null, lease_until = null
from unnest(%(ids)s::text[], %(reasons)s::text[]) as r (id, reason) where d.id = r.id
"""
_LEASE: Final = """
update slo.delivery d set lease_by = %(by)s, lease_until = %(until)s, attempts = d.attempts + 1,
  rendered_at = coalesce(d.rendered_at, %(now)s), body = coalesce(d.body, r.body),
  headers = coalesce(d.headers, r.headers::json)
from unnest(%(ids)b::text[], %(bodies)b::bytea[], %(headers)b::text[]) as r (id, body, headers) where d.id = r.id
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is to be sent, until the lease ends; `attempt` counts from 1. A digest is so for others, too."""

    message: Message
    target: Target
    attempt: int
    pause_key: str
    is_digest: bool


async def claim(
    connection: Connection, channel: Channel, targets: Targets, by: str, now: datetime, most: int, lease_s: float
) -> list[Claimed]:
    """Take out at most so many deliveries of a channel that are due; nobody else has them until the lease ends."""
    until = now + timedelta(seconds=lease_s)
    rows = await _due(connection, channel, targets, now, until, most)
    rows = await without_suppressed(connection, rows, targets, now)
    rows = await hold_back(connection, channel.name, rows, now)
    found: list[Claimed] = []
    buried: dict[str, str] = {}
    for row in rows:
        await asyncio.sleep(0)  # what is being sent goes on meanwhile: an answer of a server waits for one mail at most
        target = targets.find(row.channel, row.target)
        if target is None:
            buried[row.id] = "TARGET_GONE: the targets file does not name it any longer"
            continue
        try:
            message = _message(row, channel, target, now)
        except Exception as problem:  # one that cannot be shown must not hold up the others
            log.exception("%s cannot be rendered", row.id)
            buried[row.id] = f"NOT_RENDERED: {type(problem).__name__}: {problem}"
            continue
        is_digest = row.kind == Kind.DIGEST
        found.append(Claimed(message, target, row.attempts + 1, channel.pause_key(target), is_digest))
    if buried:
        await execute(connection, _BURY, {"now": now, "ids": list(buried), "reasons": list(buried.values())})
    if found:
        messages = [one.message for one in found]
        values = {
            "by": by,
            "until": until,
            "now": now,
            "ids": [message.delivery_id for message in messages],
            "bodies": [message.body for message in messages],
            "headers": [compact_json(dict(message.headers)).decode() for message in messages],
        }
        await execute(connection, _LEASE, values)
    return found


async def _due(
    connection: Connection, channel: Channel, targets: Targets, now: datetime, until: datetime, most: int
) -> list[Row]:
    """What is due; of what was paused no more than one."""
    values = {"channel": channel.name, "now": now, "until": until, "limit": most}
    probed = {key for (key,) in await (await execute(connection, _PROBE, values)).fetchall()}
    rows = await read_rows(connection, _DUE, {**values, "probed": list(probed)})
    if not probed:
        return rows
    found, waiting = [], set(probed)
    for row in rows:
        keys = {row.channel, f"{row.channel} {row.target}"} & probed
        if keys <= waiting:
            found.append(row)
        waiting -= keys
    if waiting:
        await execute(connection, _NOT_PROBED, {"now": now, "keys": list(waiting)})
    return found


def _message(row: Row, channel: Channel, target: Target, now: datetime) -> Message:
    if row.body is not None:
        return Message(row.id, row.body, row.headers or {})
    return channel.render(row.told, target, row.id, now)
