"""Notifications of standings: the partner of the app; operators where a person has to act."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from schemas.event_time import utc_text
from streams.database.patient import Connection
from streams.impact.step import StandingChange
from streams.notifier.contacts import Contacts
from streams.notifier.enqueue import Enqueued, enqueue
from streams.notifier.notification import Kind, Notification, notice
from streams.notifier.targets import Targets
from streams.standing.facts import Stage
from streams.standing.ladder import ChangeReason

OPERATORS: Final = "operators"

_CONTACTS: Final = """
select app_key, name, email, coalesce(partner_id, partner_name) from app where app_key = any(%s)
"""
_MEANING: Final = {
    Stage.CLEAR: "Nothing counts against the app.",
    Stage.NOTIFIED: "An episode of breaches counts against the app. Look at the incidents, and repair their cause.",
    Stage.REMEDIATION: "Several episodes count against the app. The programme's people will be in touch; agree with "
    "them what is repaired by when. Without another episode until the period ends, the app is clear again.",
    Stage.DEMOTION_DUE: "The app may lose its place in the programme. A person decides, and nothing happens before.",
    Stage.DEMOTED: "The app has lost its place in the programme. It can be reinstated after a period without a counted "
    "episode, with all targets met.",
}
_BECAUSE: Final = {
    ChangeReason.BREACH: "An episode of breaches began.",
    ChangeReason.TIME: "A period went by.",
    ChangeReason.TARGET_MISSED: "A target was missed in two periods running.",
    ChangeReason.DECISION: "A person decided it.",
    ChangeReason.RETRACTED: "What had raised it does not count after all: the former stage is taken back.",
    ChangeReason.REVIEW_DUE: "By what is known now the demotion was not due. It stays until a person reviews it.",
}
_APPEAL: Final = (
    "If an incident should not count, appeal: slo-streams standing appeal {app} INCIDENT --who YOU --why REASON."
)
_DECIDE: Final = "Decide with slo-streams standing decide {app} ...; slo-streams standing {app} shows the facts."


class Teller:
    """Enqueues what is told of changes; of those older than `max_age_ms` it is recorded, and not sent.

    `contacts` tell of apps that history has not stored yet: it may have stored their breaches before.
    """

    def __init__(self, targets: Targets, max_age_ms: int, contacts: Contacts | None = None) -> None:
        self._targets = targets
        self._max_age_ms = max_age_ms
        self._contacts = contacts or Contacts()

    async def tell(self, connection: Connection, changes: Sequence[StandingChange]) -> None:
        """Have changes told, within the transaction that stores them."""
        keys = list({one.app_key for one in changes})
        found = await (await connection.execute(_CONTACTS.encode(), [keys])).fetchall()
        contacts = {app_key: rest for app_key, *rest in found}
        row = await (await connection.execute("select slo.now_ms()")).fetchone()
        oldest_ms = (0 if row is None else int(row[0])) - self._max_age_ms
        for one in changes:
            name, email, partner = contacts.get(one.app_key) or self._as_read(one.app_key)
            suppressed = "TOO_OLD" if one.change.at_ms < oldest_ms else None
            await enqueue(
                connection,
                *(
                    Enqueued(told, self._targets.wanting(told, email), suppressed)
                    for told in notifications(one, name, partner)
                ),
            )

    def _as_read(self, app_key: str) -> tuple[str, str | None, str | None]:
        """Name, address and partner of an app, as the notifier itself has read them."""
        contact = self._contacts.of(app_key)
        return (app_key, None, None) if contact is None else (contact.name, contact.email, contact.partner)


def notifications(one: StandingChange, name: str, partner: str | None) -> Iterator[Notification]:
    """What is told of a change: to whoever hears of the app; to operators if it is theirs to act, or no longer is."""
    change = one.change
    needs_person = change.stage is Stage.DEMOTION_DUE or change.reason is ChangeReason.REVIEW_DUE
    yield _notification(one, name, partner, [_APPEAL.format(app=one.app_key)], role=None)
    is_off = change.reason is ChangeReason.RETRACTED and one.former in (Stage.REMEDIATION, Stage.DEMOTION_DUE)
    if needs_person or is_off or change.stage is Stage.REMEDIATION:
        yield _notification(one, name, partner, [_DECIDE.format(app=one.app_key)], role=OPERATORS)


def _notification(
    one: StandingChange, name: str, partner: str | None, how: list[str], *, role: str | None
) -> Notification:
    change = one.change
    facts: dict[str, Any] = {
        "appKey": one.app_key,
        "stage": change.stage,
        "formerStage": one.former,
        "reason": change.reason,
        "time": utc_text(change.at_ms),
    }
    moved = change.stage if change.stage is one.former else f"{one.former} -> {change.stage}"
    return Notification(
        f"{one.app_key}-standing-{one.number}{'' if role is None else f'-{role}'}",
        Kind.STANDING,
        f"{one.app_key}-standing",
        change.at_ms,
        notice(
            f"{name}: standing {moved}",
            [_BECAUSE[change.reason], _MEANING[change.stage], *how],
            facts,
            f"/apps/{quote(one.app_key, safe='')}",
        ),
        one.app_key,
        partner,
        role=role,
    )
