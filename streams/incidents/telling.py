"""Who is told what of an incident: operators at once, partners as far as they may see it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from streams.incidents.entry import Act, Entry, Fault, RaisedBy, State, Verdict, Visibility
from streams.incidents.life import Incident
from streams.incidents.permitted import INCIDENT_MANAGER
from streams.incidents.published import words_of

OPERATORS: Final = "operators"

_OF_INTEREST: Final = (Act.CONFIRMED, Act.DISMISSED, Act.STATE, Act.APPROVED, Act.NOTE)


@dataclass(frozen=True, slots=True)
class Told:
    """Something to be told: to those with a `role`, one `partner`, `all_partners` or the platform; each `id` once.

    `is_severity`: it tells of another severity.
    """

    id: str
    thread: str
    time_ms: int
    subject: str
    text: Sequence[str]
    facts: Mapping[str, object] = field(default_factory=dict)
    path: str | None = None
    role: str | None = None
    partner: str | None = None
    all_partners: bool = False
    is_severity: bool = False


def tellings(incident: Incident, number: int, entry: Entry, partners: Sequence[str], at_ms: int) -> Iterator[Told]:
    """Of an entry, by its number in the database; `partners` are those of the incident's apps."""
    for name, role in _roles(incident, entry):
        yield _told(incident, number, entry, at_ms, f"-{name}", role=role)
    if entry.act in _OF_INTEREST or _is_of_severity(entry):
        yield _told(incident, number, entry, at_ms, "")
    if not _may_partners_hear(incident, entry):
        return
    seen = entry if entry.is_public else replace(entry, why="")
    if entry.act is Act.CHANGED:  # whatever else was said with it is the platform's
        seen = replace(seen, data={name: value for name, value in entry.data.items() if name == "severity"})
    match incident.visibility:
        case Visibility.PARTNER:
            for partner in partners:
                yield _told(incident, number, seen, at_ms, f"-partner-{partner}", partner=partner)
        case Visibility.ALL_PARTNERS:
            yield _told(incident, number, seen, at_ms, "-partners", all_partners=True)


def _roles(incident: Incident, entry: Entry) -> Iterator[tuple[str, str]]:
    """Who is paged for an entry."""
    if entry.act in (Act.FOUND, Act.RAISED):
        yield "operators", OPERATORS
    if entry.act is Act.TARGET and entry.data["outcome"] == "MISSED":
        yield "operators", OPERATORS
    is_suspected = entry.data.get("suspectedFault") == Fault.PLATFORM
    if is_suspected and entry.act in (Act.RAISED, Act.CHANGED, Act.CONFIRMED):
        yield "manager", INCIDENT_MANAGER


def _may_partners_hear(incident: Incident, entry: Entry) -> bool:
    if incident.verdict is Verdict.CANDIDATE:
        return False
    if entry.act is Act.RAISED:
        return incident.raised_by is not RaisedBy.COMMON_CAUSE
    return entry.is_public or entry.act in (Act.CONFIRMED, Act.STATE, Act.APPROVED) or _is_of_severity(entry)


def _is_of_severity(entry: Entry) -> bool:
    """Whether it tells of another severity: one that rose, or that a person decided."""
    return entry.act is Act.SEVERITY or (entry.act is Act.CHANGED and "severity" in entry.data)


def _told(
    incident: Incident,
    number: int,
    entry: Entry,
    at_ms: int,
    suffix: str,
    *,
    role: str | None = None,
    partner: str | None = None,
    all_partners: bool = False,
) -> Told:
    severity = incident.severity(at_ms)
    grade = "no severity" if severity is None else severity.name
    trial = "Trial, " if incident.trial else ""
    candidate = "Candidate: " if incident.verdict is Verdict.CANDIDATE else ""
    facts: dict[str, object] = {
        "incident": incident.id,
        "state": State(incident.state).value,
        "severity": grade,
        "apps": "unknown" if incident.app_count is None else incident.app_count,
    }
    if partner is None and not all_partners:
        facts["by"] = entry.who
    text = [words_of(entry)]
    if role is not None and incident.verdict is Verdict.CANDIDATE:
        text.append(
            f"Look at it: slo-streams incidents show {incident.id}. "
            f"Then say what it is: slo-streams incidents confirm {incident.id}, or dismiss it."
        )
    return Told(
        id=f"INC-{incident.id}-{number}{suffix}",
        thread=f"incident-{incident.id}",
        time_ms=entry.at_ms,
        subject=f"{trial}{candidate}{incident.title} ({grade})",
        text=text,
        facts=facts,
        path=f"/incidents/{incident.id}",
        role=role,
        partner=partner,
        all_partners=all_partners,
        is_severity=_is_of_severity(entry),
    )
