"""Who may raise which incident, and in whose name: the same on a page and by the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from streams.dashboard.database import View
from streams.incidents.entry import RaisedBy
from streams.incidents.people import Ticket
from streams.incidents.permitted import RefusedError

_PARTNER: Final = "select partner_id from app where partner_id = %(partner)s limit 1"
_OF_THE_PLATFORM: Final = ("suspectedFault", "visibility")


@dataclass(frozen=True, slots=True)
class Raised:
    """What somebody asks for, of apps that he sees. `partner` empty: his own, if he has one alone."""

    raised_by: RaisedBy
    title: str
    app_keys: Sequence[str]
    start_ms: int | None
    partner: str
    is_trial: bool
    said: Mapping[str, Any]


def ticket_by(view: View, raised: Raised) -> Ticket:
    """What it becomes: a partner raises in its own name, for apps of its own, and does not say whose fault it is.

    Raises:
        RefusedError: the partner is none, or names no app.
    """
    is_platform = view.viewer.is_platform
    if not is_platform and not raised.app_keys:
        raise RefusedError("Which of your apps are hit? Write their keys.")
    raised_by = raised.raised_by if is_platform else RaisedBy.PARTNER
    return Ticket(
        raised_by,
        raised.title,
        raised.app_keys,
        raised.start_ms,
        partner_by(view, raised.partner) if raised_by is RaisedBy.PARTNER else None,
        raised.is_trial,
        {name: value for name, value in raised.said.items() if is_platform or name not in _OF_THE_PLATFORM},
    )


def partner_by(view: View, partner: str) -> str:
    """The partner in whose name something is said: one of who says it, or, by the platform, any.

    Raises:
        RefusedError: there is none of that id.
    """
    own = sorted(view.viewer.partners or ())
    if not partner and len(own) == 1:
        return own[0]
    if (own and partner not in own) or not view.rows(_PARTNER, {"partner": partner}):
        raise RefusedError(f"There is no partner {partner or 'without an id'}.")
    return partner
