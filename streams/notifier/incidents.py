"""Notifications of incidents: to operators and managers by their role, to the platform, to partners one by one."""

from collections.abc import Sequence

from streams.database.patient import Connection
from streams.incidents.projection import Tell
from streams.incidents.telling import Told
from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.notification import Kind, Notification, notice
from streams.notifier.target import Target
from streams.notifier.targets import Targets


def incident_teller(targets: Targets, max_age_ms: int) -> Tell:
    """Enqueues what is told of incidents; what is older than `max_age_ms` is recorded, and not sent."""

    async def tell(connection: Connection, told: Sequence[Told]) -> None:
        row = await (await connection.execute("select slo.now_ms()")).fetchone()
        now_ms = 0 if row is None else int(row[0])
        await enqueue(
            connection,
            *(
                Enqueued(
                    notification,
                    wanting(targets, notification, all_partners=one.all_partners),
                    "TOO_OLD" if one.time_ms < now_ms - max_age_ms else None,
                )
                for one in told
                for notification in [_notification(one)]
            ),
        )

    return tell


def wanting(targets: Targets, told: Notification, *, all_partners: bool = False) -> list[Target]:
    """Who hears of it: what is for partners is for their own targets alone, others hear of the whole."""
    if all_partners:
        return targets.of_partners(told)
    found = targets.wanting(told)
    return found if told.partner is None else [one for one in found if one.partner is not None]


def _notification(told: Told) -> Notification:
    return Notification(
        id=told.id,
        kind=Kind.SEVERITY if told.is_severity else Kind.INCIDENT,
        thread=told.thread,
        time_ms=told.time_ms,
        data=notice(told.subject, told.text, told.facts, told.path),
        partner=told.partner,
        role=told.role,
    )
