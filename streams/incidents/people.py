"""What persons do to incidents, from the command line or a page: checked, then added to the timeline at once.

Everything is within the transaction of the connection that is given; two who act on one incident take turns.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb

from schemas.exclusions import Exclusion
from streams.incidents.entry import Act, Entry, RaisedBy, Visibility
from streams.incidents.life import Incident, life_of
from streams.incidents.permitted import RefusedError, check, check_said, check_title, check_words
from streams.incidents.proposal import proposed
from streams.incidents.timeline import AnyConnection, add_entry_now, read_timeline_now
from streams.names import Topics, only_own_outputs

_TURN: Final = "select pg_advisory_xact_lock(hashtextextended('slo.incident.' || %s, 0))"
_NOW: Final = "select slo.now_ms()"
_REPORT: Final = """
insert into slo.incident_report (incident, partner, who, why, at_ms) values (%s, %s, %s, %s, %s) on conflict do nothing
"""
_FIRST: Final = "select min(breached_ms) from slo.onset where incident = %s and is_member"
_URLS: Final = "select distinct scope from slo.onset where incident = %s and is_member"
_PUBLISH: Final = "insert into slo.outbox (topic, key, value, headers) values (%s, %s, %s, %s)"


class UnknownIncidentError(Exception):
    """There is none of that id."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, and why; `role` is what they may do beyond others: `incident-manager`."""

    who: str
    why: str = ""
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is raised. `said` is as `CHANGED` has it; `partner` is who raises it, of a partner."""

    raised_by: RaisedBy
    title: str
    app_keys: Sequence[str] = ()
    start_ms: int | None = None
    partner: str | None = None
    trial: bool = False
    said: Mapping[str, Any] | None = None


def now_ms(connection: AnyConnection) -> int:
    """The time of the database's clock, by which people's acts are ordered."""
    row = connection.execute(_NOW).fetchone()
    return 0 if row is None else int(row[0])


def find(connection: AnyConnection, incident_id: str) -> Incident:
    """An incident as its timeline says.

    Raises:
        UnknownIncidentError: there is none of that id.
    """
    found = life_of(incident_id, read_timeline_now(connection, incident_id))
    if found is None:
        raise UnknownIncidentError(incident_id)
    return found


def raise_incident(connection: AnyConnection, ticket: Ticket, person: Person) -> str:
    """Begin an incident; its id.

    Raises:
        RefusedError: something of it cannot be meant.
    """
    said = {"visibility": Visibility.PARTNER, **(ticket.said or {})}
    check_words(person.who, person.why)
    check_title(ticket.title)
    check_said(said)
    at_ms = now_ms(connection)
    if ticket.start_ms is not None and ticket.start_ms > at_ms:
        raise RefusedError("start: lies ahead; an incident began when it began to hurt.")
    incident_id = new_id()
    data = {
        "raisedBy": ticket.raised_by,
        "title": ticket.title,
        "apps": list(dict.fromkeys(ticket.app_keys)),
        "start": at_ms if ticket.start_ms is None else ticket.start_ms,
        "partner": ticket.partner,
        "trial": ticket.trial,
        **said,
    }
    add_entry_now(connection, incident_id, Entry(Act.RAISED, at_ms, person.who, person.why, data))
    if ticket.partner is not None:
        connection.execute(_REPORT, [incident_id, ticket.partner, person.who, person.why, at_ms])
    return incident_id


def act_on(
    connection: AnyConnection,
    incident_id: str,
    act: Act,
    person: Person,
    data: Mapping[str, Any] | None = None,
    *,
    is_public: bool = False,
) -> Incident:
    """Add an entry; the incident after it.

    Raises:
        UnknownIncidentError: there is none of that id.
        RefusedError: not as it is now.
    """
    check_words(person.who, person.why)
    connection.execute(_TURN, [incident_id])
    check(find(connection, incident_id), act, data or {}, person.role)
    entry = Entry(act, now_ms(connection), person.who, person.why, data or {}, is_public)
    add_entry_now(connection, incident_id, entry)
    return find(connection, incident_id)


def report(connection: AnyConnection, incident_id: str, partner: str, person: Person) -> bool:
    """Say that a partner is hit; False: it said so before.

    Raises:
        UnknownIncidentError: there is none of that id.
        RefusedError: the incident was dismissed, or the words are too long.
    """
    check_words(person.who, person.why)
    connection.execute(_TURN, [incident_id])
    check(find(connection, incident_id), Act.REPORTED, {"partner": partner})
    at_ms = now_ms(connection)
    if not connection.execute(_REPORT, [incident_id, partner, person.who, person.why, at_ms]).rowcount:
        return False
    entry = Entry(Act.REPORTED, at_ms, person.who, person.why, {"partner": partner})
    add_entry_now(connection, incident_id, entry)
    return True


def proposal(connection: AnyConnection, incident: Incident) -> list[Exclusion]:
    """The exclusions that would take the incident out of everybody's budget; none where it is not the platform's."""
    first = connection.execute(_FIRST, [incident.id]).fetchone()
    urls = [row[0] for row in connection.execute(_URLS, [incident.id])]
    return proposed(incident, None if first is None else first[0], urls)


def approve(connection: AnyConnection, topics: Topics, incident_id: str, person: Person) -> list[Exclusion]:
    """Take an incident out of everybody's budget: its exclusions are published by the desk. They are returned.

    Raises:
        UnknownIncidentError: there is none of that id.
        RefusedError: it may not be, or nothing is proposed.
    """
    if topics.has_own_outputs:
        raise RefusedError(only_own_outputs(topics))
    connection.execute(_TURN, [incident_id])
    incident = find(connection, incident_id)
    check(incident, Act.APPROVED, {})
    exclusions = proposal(connection, incident)
    if not exclusions:
        raise RefusedError(
            f"Incident {incident_id} proposes nothing: only one that was found, and not at a host or with a partner, "
            "may be the platform's. `slo-streams exclude add` declares any exclusion."
        )
    act_on(connection, incident_id, Act.APPROVED, person, {"exclusions": [one.id for one in exclusions]})
    for one in exclusions:
        value = one.model_dump_json().encode()
        connection.execute(_PUBLISH, [topics.exclusions, one.id, value, Jsonb({})])
    return exclusions


def new_id() -> str:
    """A name for an incident that a person raises: as those that are found, and never like an option of a command."""
    while (name := secrets.token_urlsafe(8)).startswith("-"):
        pass
    return name
