"""What somebody is to be told, as it is kept: rendered for each target when its turn comes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

DAY_MS: Final = 86_400_000


class Kind(StrEnum):
    """Of what a notification tells; targets may ask for some of them only."""

    BREACH = "BREACH"
    RECOVERY = "RECOVERY"
    REMINDER = "REMINDER"
    """A breach that is still open, each 24 h."""
    DIGEST = "DIGEST"
    """Breaches, recoveries and reminders that came too many to be told one by one."""
    STANDING = "STANDING"
    SEVERITY = "SEVERITY"
    INCIDENT = "INCIDENT"
    REPORT = "REPORT"
    """A month of a partner's apps, by mail."""
    TEST = "TEST"
    """Nothing has happened: somebody tries a target out."""
    OPERATORS = "OPERATORS"
    """The notifier's own trouble."""


OF_ALERTS: Final = (Kind.BREACH, Kind.RECOVERY, Kind.REMINDER)
"""Those whose data is the object of `slo.alerts.v1`: they can be silenced, and joined to a digest."""
REMINDERS_ONLY: Final = "REMINDERS_ONLY"
"""Why a breach is not sent to a target that asked for its reminders alone."""

STILL_OPEN: Final = "stillOpen"
"""The mark of an alert in a digest that was told before, and is told again as it is not over."""


@dataclass(frozen=True, slots=True)
class Notification:
    """Something to be told, under an id that says what it is: told again, it is the same.

    `thread` joins those of one story, incidentId or the like: of one thread a target hears in the order in which they
    were enqueued. `time_ms` is when it happened, by the time of the events. `partner` is the id by which the catalogue
    knows the partner, else its name. `data` is the object of an alert, a `digest` of them, and of all other kinds a
    `notice`. `role` addresses those who have one (`operators`, `incident-manager`) and nobody else.
    """

    id: str
    kind: Kind
    thread: str
    time_ms: int
    data: Any
    app_key: str | None = None
    partner: str | None = None
    severity: str | None = None
    role: str | None = None

    @property
    def for_programs(self) -> Any:
        """The data as it is published: the object of an alert, or a list of them."""
        if self.kind is not Kind.DIGEST:
            return self.data
        return [{name: value for name, value in alert.items() if name != STILL_OPEN} for alert in self.data]


def digest(alerts: Sequence[tuple[Kind, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The data of a digest: the objects, and at those that are told again that they are `STILL_OPEN`.

    A list of objects, as before there was that mark: notifiers of both versions can send it.
    """
    return [{**data, STILL_OPEN: True} if kind is Kind.REMINDER else {**data} for kind, data in alerts]


def notice(
    subject: str, text: Sequence[str], facts: Mapping[str, object] | None = None, path: str | None = None
) -> dict[str, Any]:
    """The data of a notification that is no alert, as every channel can show it.

    `subject` is one line without a state in brackets, `text` paragraphs, `facts` are shown as `key: value`, and `path`
    is where to read on, below `SLO_PUBLIC_URL`: `/incidents/INC-7`.
    """
    return {"subject": subject, "text": list(text), "facts": dict(facts or {}), "path": path}
