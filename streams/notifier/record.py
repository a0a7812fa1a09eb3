"""Recording what became of what was sent: by whoever still has the lease, in one transaction for many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from typing import Final

from streams.database.patient import Connection
from streams.database.text import storable
from streams.notifier.channel import Accepted, Outcome, Permanent, Temporary, Unauthorised
from streams.notifier.claim import Claimed
from streams.notifier.retry import wait_s
from streams.notifier.rows import execute

_MOST_TEXT: Final = 1_000

# A row whose lease is another's by now, or over, stays as it is: then a second copy is on its way, or it was given up.
_RECORD: Final = """
with result as (
  select * from unnest(%(ids)b::text[], %(attempts)b::int[], %(states)b::text[], %(reasons)b::text[],
    %(due)b::timestamptz[], %(remote)b::text[], %(at)b::timestamptz[], %(took)b::int[], %(outcomes)b::text[],
    %(details)b::text[])
    as r (id, attempt, state, reason, due_at, remote_id, at, took_ms, outcome, detail)
), done as (
  update slo.delivery d set state = r.state, reason = r.reason, due_at = coalesce(r.due_at, d.due_at),
    remote_id = r.remote_id, sent_at = case when r.state = 'SENT' then r.at end,
    dead_at = case when r.state = 'DEAD' then r.at end, lease_by = null, lease_until = null
  from result r where d.id = r.id and d.lease_by = %(by)s and d.attempts = r.attempt
  returning d.id
)
insert into slo.delivery_attempt (delivery, at, took_ms, outcome, detail)
select r.id, r.at, r.took_ms, r.outcome, r.detail from result r join done using (id)
"""
_MEMBERS: Final = """
update slo.delivery m set state = d.state, reason = d.reason, sent_at = d.sent_at, dead_at = d.dead_at
from slo.delivery d
where m.digest = any(%(digests)s) and d.id = m.digest and d.state in ('SENT', 'DEAD') and m.state = 'DUE'
"""
_FAILURES: Final = "select failures from slo.pause where key = %(key)s for update"
_PAUSE: Final = """
insert into slo.pause (key, channel, since, until, failures, why, unauthorised)
values (%(key)s, %(channel)s, %(now)s, %(until)s, 1, %(why)s, %(unauthorised)s)
on conflict (key) do update set until = excluded.until, failures = pause.failures + 1, why = excluded.why,
  unauthorised = excluded.unauthorised
"""
_GO_ON: Final = "delete from slo.pause where key = any(%(keys)s) returning key, unauthorised"
# The time that a refused name or secret took is none of what is waited for: it was not tried meanwhile.
_AS_IF_NEW: Final = """
update slo.delivery set due_since = %(now)s
where state = 'DUE' and (channel = any(%(keys)s) or channel || ' ' || target = any(%(keys)s))
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt."""

    claimed: Claimed
    outcome: Outcome
    took_s: float


async def record(connection: Connection, channel: str, by: str, all_sent: Sequence[Sent], now: datetime) -> None:
    """Record outcomes; what did not get through is due again later, or dead."""
    if not all_sent:
        return
    rows = [_row(sent, now) for sent in all_sent]
    names = ("ids", "attempts", "states", "reasons", "due", "remote", "at", "took", "outcomes", "details")
    values: dict[str, object] = dict(zip(names, (list(column) for column in zip(*rows, strict=True)), strict=True))
    await execute(connection, _RECORD, {"by": by, **values})
    digests = [sent.claimed.message.delivery_id for sent in all_sent if sent.claimed.is_digest]
    if digests:
        await execute(connection, _MEMBERS, {"digests": digests})
    await _pause(connection, channel, all_sent, now)


def _row(sent: Sent, now: datetime) -> tuple[object, ...]:
    message, attempt = sent.claimed.message, sent.claimed.attempt
    beside = now, round(sent.took_s * 1_000)
    match sent.outcome:
        case Accepted(remote_id):
            remote_id = None if remote_id is None else _short(remote_id)
            return message.delivery_id, attempt, "SENT", None, None, remote_id, *beside, "ACCEPTED", remote_id
        case Permanent(why):
            why = _short(why)
            return message.delivery_id, attempt, "DEAD", f"REFUSED: {why}", None, None, *beside, "REFUSED", why
        case Temporary(why, retry_after_s, is_theirs):
            why = _short(why)
            later_s = 0.0 if is_theirs else wait_s(attempt, random(), retry_after_s)  # noqa: S311  no secret
            due = now + timedelta(seconds=later_s)
            return message.delivery_id, attempt, "DUE", why, due, None, *beside, "LATER", why
        case Unauthorised(why):
            why = _short(why)
            return message.delivery_id, attempt, "DUE", why, now, None, *beside, "UNAUTHORISED", why


async def _pause(connection: Connection, channel: str, all_sent: Sequence[Sent], now: datetime) -> None:
    """Pause where nothing gets through, and go on where something did."""
    through = {sent.claimed.pause_key for sent in all_sent if isinstance(sent.outcome, Accepted | Permanent)}
    stuck: dict[str, Temporary | Unauthorised] = {}
    for sent in all_sent:
        outcome = sent.outcome
        if isinstance(outcome, Unauthorised) or (isinstance(outcome, Temporary) and outcome.is_theirs):
            stuck[sent.claimed.pause_key] = outcome
    if through:
        gone = await (await execute(connection, _GO_ON, {"keys": sorted(through)})).fetchall()
        mended = [key for key, unauthorised in gone if unauthorised]
        if mended:
            await execute(connection, _AS_IF_NEW, {"keys": mended, "now": now})
    for key in sorted(stuck.keys() - through):
        outcome = stuck[key]
        row = await (await execute(connection, _FAILURES, {"key": key})).fetchone()
        retry_after_s = outcome.retry_after_s if isinstance(outcome, Temporary) else None
        later_s = wait_s(1 + (row[0] if row else 0), random(), retry_after_s)  # noqa: S311
        values = {
            "key": key,
            "channel": channel,
            "now": now,
            "until": now + timedelta(seconds=later_s),
            "why": _short(outcome.why),
            "unauthorised": isinstance(outcome, Unauthorised),
        }
        await execute(connection, _PAUSE, values)


def _short(why: str) -> str:
    return storable(why)[:_MOST_TEXT]
