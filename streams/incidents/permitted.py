"""What a person may do to an incident; everything else is refused with a sentence that says what to do."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from streams.incidents.capabilities import capabilities
from streams.incidents.entry import Act, Fault, PirStatus, State, Verdict, Visibility
from streams.incidents.life import Incident
from streams.severity.severity import Kind, Level, Severity

INCIDENT_MANAGER: Final = "incident-manager"
"""The role that signs off a review (programme)."""

# What the published record holds: an entry beyond it could never be published.
_LONGEST_NAME: Final = 200
_LONGEST_WORDS: Final = 4_000
_LONGEST_REVIEW: Final = 65_536
_MOST_MEASURES: Final = 100

_CHOICES: Final = {
    "kind": Kind,
    "level": Level,
    "suspectedFault": Fault,
    "visibility": Visibility,
}


class RefusedError(Exception):
    """It may not be done; the message says why, and what may."""


def check(incident: Incident, act: Act, data: Mapping[str, Any], role: str | None = None) -> None:
    """Whether a person may add an entry.

    Raises:
        RefusedError: not as the incident is now.
    """
    if incident.verdict is Verdict.DISMISSED and act is not Act.NOTE:
        raise RefusedError(f"Incident {incident.id} was dismissed: raise a new one if it is one after all.")
    match act:
        case Act.CONFIRMED | Act.DISMISSED if incident.verdict is not Verdict.CANDIDATE:
            raise RefusedError(f"Incident {incident.id} is {incident.verdict} already.")
        case Act.STATE:
            _check_state(incident, State(data["state"]))
        case Act.APPROVED:
            _check_approval(incident)
        case Act.PIR:
            _check_pir(incident, PirStatus(data["status"]), role)
            _check_review(data)
        case Act.CHANGED:
            check_said(data)


def check_words(who: str, why: str) -> None:
    """Whether who acts, and why, can be put on record.

    Raises:
        RefusedError: one of them is too long.
    """
    if len(who) > _LONGEST_NAME or len(why) > _LONGEST_WORDS or "\0" in why:
        raise RefusedError(f"Say who in at most {_LONGEST_NAME}, and why in at most {_LONGEST_WORDS:,} characters.")


def check_title(title: str) -> None:
    """Whether an incident can be called so.

    Raises:
        RefusedError: no.
    """
    if not title.strip() or len(title) > _LONGEST_NAME or "\0" in title:
        raise RefusedError(f"What is it called, in 1 to {_LONGEST_NAME} characters?")


def check_said(data: Mapping[str, Any]) -> None:
    """Whether what a person says of an incident can be meant.

    Raises:
        RefusedError: no; says what can.
    """
    for field, choices in _CHOICES.items():
        if data.get(field) is not None and data[field] not in list(choices):
            raise RefusedError(f"{field}: {data[field]!r} is none of {', '.join(choices)}.")
    if data.get("severity") is not None and data["severity"] not in Severity.__members__:
        raise RefusedError(f"severity: {data['severity']!r} is none of {', '.join(Severity.__members__)}.")
    if data.get("users") is not None and data["users"] < 0:
        raise RefusedError("users: not below 0.")
    if data.get("capability") is not None and data["capability"] not in capabilities():
        raise RefusedError(f"capability: {data['capability']!r} is none of: {', '.join(capabilities())}.")
    try:
        ZoneInfo(data.get("zone") or "UTC")
    except (ValueError, OSError, LookupError):
        raise RefusedError(f"zone: {data['zone']!r} is no time zone; write for example Europe/Berlin.") from None


def _check_state(incident: Incident, state: State) -> None:
    if incident.verdict is Verdict.CANDIDATE:
        raise RefusedError(f"Incident {incident.id} is a candidate: confirm or dismiss it first.")
    if state in (State.PIR, State.CLOSED) and incident.is_open:
        raise RefusedError(f"Incident {incident.id} is {incident.state}: resolve it first.")
    if state is State.CLOSED and incident.pir is not None and incident.pir.status is not PirStatus.SIGNED_OFF:
        raise RefusedError(f"The review of incident {incident.id} is {incident.pir.status}: have it signed off first.")


def _check_approval(incident: Incident) -> None:
    if incident.verdict is Verdict.CANDIDATE:
        raise RefusedError(f"Incident {incident.id} is a candidate: confirm it first.")
    if incident.trial:
        raise RefusedError(f"Incident {incident.id} is a trial: nothing is left out for it.")


def _check_pir(incident: Incident, status: PirStatus, role: str | None) -> None:
    if incident.is_open:
        raise RefusedError(f"Incident {incident.id} is {incident.state}: resolve it before it is reviewed.")
    before = None if incident.pir is None else incident.pir.status
    if before is PirStatus.SIGNED_OFF:
        raise RefusedError(f"The review of incident {incident.id} is signed off.")
    if status is PirStatus.SIGNED_OFF:
        if role != INCIDENT_MANAGER:
            raise RefusedError(f"Only the role {INCIDENT_MANAGER} signs off a review.")
        if before is not PirStatus.SUBMITTED:
            raise RefusedError(f"The review of incident {incident.id} has to be submitted before it is signed off.")


def _check_review(data: Mapping[str, Any]) -> None:
    measures = data["actions"]
    if len(data["text"]) > _LONGEST_REVIEW or "\0" in data["text"]:
        raise RefusedError(f"text: at most {_LONGEST_REVIEW:,} characters; link to what is longer.")
    if len(measures) > _MOST_MEASURES:
        raise RefusedError(f"actions: at most {_MOST_MEASURES}.")
    for one in measures:
        if len(one["what"]) > _LONGEST_WORDS or len(one["owner"]) > _LONGEST_NAME or "\0" in one["what"] + one["owner"]:
            raise RefusedError(f"actions: WHAT at most {_LONGEST_WORDS:,}, OWNER at most {_LONGEST_NAME} characters.")
