"""What is due but not to be sent after all: recorded with the reason, never deleted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from streams.database.patient import Connection
from streams.notifier.notification import OF_ALERTS, Kind
from streams.notifier.rows import Row, execute
from streams.notifier.silence import Silence, restored
from streams.notifier.targets import Targets

_SILENCES: Final = "select id, matchers from slo.silence where starts_at <= %(now)s and ends_at > %(now)s"
# What became of the breach that each of these recoveries and reminders is of.
_BREACHES: Final = """
select d.id, b.id, b.state, exists (select from slo.notification r where r.thread = d.thread and r.kind = 'RECOVERY')
from slo.delivery d left join slo.delivery b
  on b.target = d.target and b.thread = d.thread and b.channel = d.channel and b.kind = 'BREACH'
where d.id = any(%(ids)s)
"""
_SUPPRESS: Final = """
update slo.delivery d set state = 'SUPPRESSED', reason = r.reason, silence = r.silence, lease_by = null,
  lease_until = null
from unnest(%(ids)s::text[], %(reasons)s::text[], %(silences)s::text[]) as r (id, reason, silence) where d.id = r.id
"""


async def without_suppressed(connection: Connection, rows: Sequence[Row], targets: Targets, now: datetime) -> list[Row]:
    """Those that are to be sent, or listed together in a digest; the others are recorded as suppressed."""
    return await _without_untold(connection, await _without_silenced(connection, rows, now), targets)


async def _without_silenced(connection: Connection, rows: Sequence[Row], now: datetime) -> list[Row]:
    """Leave out what nobody wants to hear of now."""
    found = await (await execute(connection, _SILENCES, {"now": now})).fetchall()
    silences = [Silence(name, restored(matchers)) for name, matchers in found]
    silenced = {
        row.id: silence.id
        for row in rows
        if row.kind in OF_ALERTS
        for silence in silences
        if silence.covers(row.data, row.partner)
    }
    await _suppress(connection, dict.fromkeys(silenced, "SILENCED"), silenced)
    return [row for row in rows if row.id not in silenced]


async def _without_untold(connection: Connection, rows: Sequence[Row], targets: Targets) -> list[Row]:
    """Leave out the recovery of a breach that was not told, and reminders of one that is over, or was not told."""
    later = {row.id: row for row in rows if row.kind in (Kind.RECOVERY, Kind.REMINDER)}
    if not later:
        return list(rows)
    reasons = {}
    together = {row.id for row in rows}
    found = await (await execute(connection, _BREACHES, {"ids": list(later)})).fetchall()
    for delivery_id, breach_id, state, is_over in found:
        row = later[delivery_id]
        target = targets.find(row.channel, row.target)
        wants_breaches = target is None or not target.events or Kind.BREACH in target.events
        if row.kind == Kind.REMINDER and is_over:
            reasons[delivery_id] = "RECOVERED"
        elif wants_breaches and state != "SENT" and breach_id not in together:
            reasons[delivery_id] = "BREACH_NOT_TOLD"
    await _suppress(connection, reasons)
    return [row for row in rows if row.id not in reasons]


async def _suppress(
    connection: Connection, reasons: Mapping[str, str], silences: Mapping[str, str] | None = None
) -> None:
    """Record of deliveries that they are not sent, and why."""
    if reasons:
        values = {
            "ids": list(reasons),
            "reasons": list(reasons.values()),
            "silences": [(silences or {}).get(one) for one in reasons],
        }
        await execute(connection, _SUPPRESS, values)
