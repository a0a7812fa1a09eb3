"""Deliveries for operators: looked through, looked at, and sent once more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import psycopg
from psycopg.rows import class_row

Connection = psycopg.Connection[tuple[Any, ...]]


class State(StrEnum):
    """What has become of a delivery so far."""

    DUE = "DUE"
    SENT = "SENT"
    DEAD = "DEAD"
    SUPPRESSED = "SUPPRESSED"


_COLUMNS: Final = """
select d.id, d.kind, n.app_key as app, d.channel, d.target, d.state, d.reason, d.silence, d.digest, d.attempts,
  d.created_at, case when d.state = 'DUE' then d.due_at end as due_at, d.sent_at, d.remote_id
from slo.delivery d join slo.notification n on n.id = d.notification
"""
_LIST: Final = f"""
{_COLUMNS}
where (%(state)s::text is null or d.state = %(state)s) and (%(app)s::text is null or n.app_key = %(app)s)
  and (%(channel)s::text is null or d.channel = %(channel)s) and (%(target)s::text is null or d.target = %(target)s)
order by d.seq desc limit %(limit)s
"""
_ONE: Final = f"{_COLUMNS} where d.id = %(id)s or d.notification = %(id)s order by d.seq"
_BODY: Final = "select coalesce(body, ''::bytea) from slo.delivery where id = %(id)s"
_ATTEMPTS: Final = "select at, took_ms, outcome, detail from slo.delivery_attempt where delivery = %(id)s order by at"
# What follows a breach that is told after all is told, too.
_RETRY: Final = """
with chosen as (
  select id, channel, target, thread, kind, seq from slo.delivery
  where (id = any(%(ids)s) or (%(all_dead)s and state = 'DEAD' and digest is null))
    and (%(channel)s::text is null or channel = %(channel)s) and (%(target)s::text is null or target = %(target)s)
    and (state in ('DEAD', 'SUPPRESSED')
      or (state = 'DUE' and (lease_until is null or lease_until < clock_timestamp())))
), following as (
  select d.id from slo.delivery d join chosen c
    on d.channel = c.channel and d.target = c.target and d.thread = c.thread and d.seq > c.seq and c.kind = 'BREACH'
  where d.state = 'SUPPRESSED' and d.reason = 'BREACH_NOT_TOLD'
), members as (
  select d.id from slo.delivery d join chosen c on d.digest = c.id where d.state = 'DEAD'
), going as (
  delete from slo.pause p using chosen c where p.key in (c.channel, c.channel || ' ' || c.target)
), again as (
  update slo.delivery d set state = 'DUE', reason = null, silence = null, due_at = clock_timestamp(),
    due_since = clock_timestamp()
  where d.id in (select id from chosen union select id from following union select id from members)
  returning d.id
)
insert into slo.delivery_attempt (delivery, at, took_ms, outcome, detail)
select id, clock_timestamp(), 0, 'AGAIN', 'asked for by ' || %(who)s from again
returning delivery
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One way of one notification to one target. `digest` is the delivery that it is told in, with others."""

    id: str
    kind: str
    app: str | None
    channel: str
    target: str
    state: str
    reason: str | None
    silence: str | None
    digest: str | None
    attempts: int
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    remote_id: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that it was tried, or, as `AGAIN`, that somebody asked for it."""

    at: datetime
    took_ms: int
    outcome: str
    detail: str | None


def deliveries(
    connection: Connection,
    *,
    state: State | None = None,
    app: str | None = None,
    channel: str | None = None,
    target: str | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """The newest first."""
    values = {"state": state, "app": app, "channel": channel, "target": target, "limit": limit}
    return _read(connection, _LIST, values)


def delivery(connection: Connection, name: str) -> list[Delivery]:
    """Those of an id, its own or that of its notification."""
    return _read(connection, _ONE, {"id": name})


def body(connection: Connection, delivery_id: str) -> bytes:
    """What was sent, or is to be; nothing yet where its turn has not come."""
    row = connection.execute(_BODY.encode(), {"id": delivery_id}).fetchone()
    return b"" if row is None else bytes(row[0])


def attempts(connection: Connection, delivery_id: str) -> list[Attempt]:
    """How often it was tried, and what came of it."""
    return [Attempt(*row) for row in connection.execute(_ATTEMPTS.encode(), {"id": delivery_id})]


def retry(
    connection: Connection,
    ids: Sequence[str] = (),
    *,
    who: str,
    all_dead: bool = False,
    channel: str | None = None,
    target: str | None = None,
) -> list[str]:
    """Make them due now, dead or suppressed as they were; their ids, with those of what follows them.

    `who` asks for it: that stands among the attempts of each.
    """
    values = {"who": who, "ids": list(ids), "all_dead": all_dead, "channel": channel, "target": target}
    return [name for (name,) in connection.execute(_RETRY.encode(), values)]


def _read(connection: Connection, query: str, values: Mapping[str, object]) -> list[Delivery]:
    with connection.cursor(row_factory=class_row(Delivery)) as cursor:
        return cursor.execute(query.encode(), values).fetchall()
