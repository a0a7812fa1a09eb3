"""Taking alerts in: each becomes a notification for whoever wants it, in the transaction that moves the offset."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from schemas import Alert
from schemas.event_time import epoch_ms
from schemas.rejected import RejectReason
from streams.database.patient import Connection
from streams.intake.checking import Rejection, checked
from streams.kafka.chunk import SourceRecord
from streams.notifier.contacts import Contacts
from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.notification import REMINDERS_ONLY, Kind, Notification
from streams.notifier.rows import Now, database_time, execute
from streams.notifier.target import Target
from streams.notifier.targets import Targets
from streams.sink.filing import FilingProcessor

_STATUS: Final = {"BREACH": "ANOMALOUS", "RECOVERY": "OK"}
_TOLD: Final = """
select distinct thread, channel, target from slo.delivery where kind = 'BREACH' and thread = any(%(threads)s)
"""
_OVER: Final = """
update slo.notification set is_open = false where kind = 'BREACH' and thread = any(%(threads)s) and is_open
"""


@dataclass(frozen=True, slots=True)
class ReadAlert:
    """An alert that can be told of."""

    alert: Alert
    time_ms: int
    breached_at_ms: int


def read_alert(record: SourceRecord) -> ReadAlert | Rejection:
    """The alert of a record, or why nobody can be told of it."""
    alert = checked(Alert, record)
    if isinstance(alert, Rejection):
        return alert
    try:
        times_ms = epoch_ms(alert.time), epoch_ms(alert.breached_at)
    except ValueError as problem:
        return Rejection.of(record, RejectReason.SCHEMA, str(problem))
    if alert.incident_status != _STATUS[alert.type]:
        return Rejection.of(record, RejectReason.SCHEMA, "incidentStatus does not go with the type")
    return ReadAlert(alert, *times_ms)


class AlertProcessor(FilingProcessor[ReadAlert]):
    """The alerts of one partition."""

    counts_by_reference = True  # the catalogue says whom to tell
    most_facts = 1_000  # of a burst the first are told while the others are taken in

    @property
    def is_urgent(self) -> bool:  # type: ignore[override]  # a constant elsewhere
        """Somebody is to be told."""
        return bool(self._facts)


class NotificationRows:
    """What alerts become: a `sink.Rows`. `is_told` is called whenever there is something to send.

    `channels` are those by which something can be sent.
    """

    def __init__(
        self,
        targets: Targets,
        contacts: Contacts,
        channels: Sequence[str],
        max_age_ms: int,
        is_told: Callable[[], None],
        now: Now = database_time,
    ) -> None:
        self._targets = targets
        self._contacts = contacts
        self._channels = frozenset(channels)
        self._max_age_ms = max_age_ms
        self._is_told = is_told
        self._now = now

    async def add(self, connection: Connection, facts: Sequence[ReadAlert]) -> Any:
        """Enqueue them; what is there already stays as it is."""
        if not facts:
            return False
        now_ms = int((await self._now(connection)).timestamp() * 1_000)
        recoveries = [fact.alert.incident_id for fact in facts if fact.alert.type == "RECOVERY"]
        told = await self._told(connection, recoveries) if recoveries else {}
        all_told = [one for fact in facts for one in self._enqueued(fact, told, now_ms)]
        await enqueue(connection, *all_told)
        if recoveries:
            await execute(connection, _OVER, {"threads": recoveries})
        return True

    def learn(self, found: Any) -> None:
        """It is committed."""
        if found:
            self._is_told()

    async def _told(self, connection: Connection, threads: Sequence[str]) -> dict[str, list[Target]]:
        """Who was told of the breaches of these threads, as far as they still are targets."""
        told: dict[str, list[Target]] = {}
        for thread, channel, target_id in await (await execute(connection, _TOLD, {"threads": threads})).fetchall():
            target = self._targets.find(channel, target_id)
            if target is not None:
                told.setdefault(thread, []).append(target)
        return told

    def _enqueued(self, fact: ReadAlert, told: dict[str, list[Target]], now_ms: int) -> list[Enqueued]:
        """To whom it is sent, and to whom not, and why."""
        notification, email = self._notification(fact)
        targets = {target.id: target for target in self._targets.wanting(notification, email)}
        if notification.kind is Kind.BREACH:  # who wants reminders alone is to have them, though not told of this
            reminder = replace(notification, kind=Kind.REMINDER)
            targets |= {target.id: target for target in self._targets.wanting(reminder, email)}
        if notification.kind is Kind.RECOVERY:  # the address may be another by now, or the app gone
            targets |= {target.id: target for target in told.get(notification.thread, ()) if target.wants(notification)}
        reasons: dict[str | None, list[Target]] = {None: []}
        for target in targets.values():
            reasons.setdefault(self._why_not(fact, notification, target, now_ms), []).append(target)
        return [Enqueued(notification, some, reason) for reason, some in reasons.items()]

    def _notification(self, fact: ReadAlert) -> tuple[Notification, str | None]:
        alert = fact.alert
        kind, contact = Kind(alert.type), self._contacts.of(alert.app_key)
        notification = Notification(
            f"{alert.incident_id}-{kind.lower()}",
            kind,
            alert.incident_id,
            fact.time_ms,
            alert.model_dump(mode="json"),
            alert.app_key,
            contact.partner if contact else alert.app_details.partner_name,
            alert.severity,
        )
        return notification, contact.email if contact else None

    def _why_not(self, fact: ReadAlert, notification: Notification, target: Target, now_ms: int) -> str | None:
        """Why a target is not told of it; None: it is."""
        contact = self._contacts.of(fact.alert.app_key)
        is_partners = target.is_of_the_catalogue or target.partner is not None or target.app is not None
        is_enrolled = contact is None or contact.enrolled_ms is None or fact.breached_at_ms >= contact.enrolled_ms
        if target.channel not in self._channels:
            return "NO_CHANNEL"
        if now_ms - notification.time_ms > self._max_age_ms:
            return "TOO_OLD"
        if is_partners and not is_enrolled:
            return "NOT_ENROLLED"
        return None if target.wants(notification) else REMINDERS_ONLY
