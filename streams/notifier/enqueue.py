"""Enqueuing: what is to be told, and to whom, within a transaction of whoever found it out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streams.compact import compact_json
from streams.database.patient import Connection
from streams.database.text import storable
from streams.notifier.notification import Notification
from streams.notifier.target import Target


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A notification and who is to hear of it; `suppressed`: it is recorded, and why it is not sent to whom."""

    told: Notification
    targets: Sequence[Target]
    suppressed: str | None = None


# Binary, as psycopg escapes each quote of a JSON text in an array of text by itself.
_NOTIFICATIONS: Final = """
insert into slo.notification (id, kind, thread, time_ms, data, app_key, partner, severity, role, is_open)
select n.id, n.kind, n.thread, n.time_ms, n.data::json, n.app_key, n.partner, n.severity, n.role,
  n.kind = 'BREACH' and not exists (select from slo.notification r where r.thread = n.thread and r.kind = 'RECOVERY')
from unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::text[], %b::text[], %b::text[], %b::text[],
  %b::text[]) as n (id, kind, thread, time_ms, data, app_key, partner, severity, role)
on conflict do nothing
"""
_DELIVERIES: Final = """
insert into slo.delivery (id, notification, channel, target, machine, thread, kind, state, reason)
select * from unnest(%b::text[], %b::text[], %b::text[], %b::text[], %b::bool[], %b::text[], %b::text[], %b::text[],
  %b::text[])
on conflict do nothing
"""


async def enqueue(connection: Connection, *all_told: Enqueued) -> None:
    """Put notifications and their deliveries down, in this order; those that are there already stay as they are.

    The transaction is the caller's: it stands or falls with the facts that are told of.
    """
    if not all_told:
        return
    notifications = [_notification_row(one.told) for one in all_told]
    await connection.execute(_NOTIFICATIONS.encode(), [list(column) for column in zip(*notifications, strict=True)])
    deliveries = [_delivery_row(one, target) for one in all_told for target in one.targets]
    if deliveries:
        await connection.execute(_DELIVERIES.encode(), [list(column) for column in zip(*deliveries, strict=True)])


def _notification_row(told: Notification) -> tuple[object, ...]:
    data = compact_json(told.data).decode()
    names = map(_storable, (told.app_key, told.partner, told.severity, told.role))
    return told.id, told.kind, told.thread, told.time_ms, data, *names


def _delivery_row(one: Enqueued, target: Target) -> tuple[object, ...]:
    told = one.told
    state = "DUE" if one.suppressed is None else "SUPPRESSED"
    way = target.delivery_id(told.id), told.id, target.channel, _storable(target.id), target.machine
    return *way, told.thread, told.kind, state, one.suppressed


def _storable(name: str | None) -> str | None:
    return None if name is None else storable(name)
