"""Timelines in the database: entries are added, never changed."""

from collections.abc import Iterable
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from streams.database.patient import Connection
from streams.incidents.entry import Act, Entry

AnyConnection = psycopg.Connection[tuple[Any, ...]]

_ADD: Final = """
insert into slo.incident_entry (incident, act, at_ms, who, why, data, is_public)
values (%s, %s, %s, %s, %s, %s, %s) returning id
"""
_READ: Final = """
select id, act, at_ms, who, why, data, is_public from slo.incident_entry where incident = %s order by id
"""


async def add_entry(connection: Connection, incident: str, entry: Entry) -> int:
    """Add one to an incident's timeline; its number."""
    row = await (await connection.execute(_ADD, _values(incident, entry))).fetchone()
    assert row is not None  # noqa: S101 - an insert that returns nothing has raised
    return int(row[0])


def add_entry_now(connection: AnyConnection, incident: str, entry: Entry) -> None:
    """The same, of a command."""
    connection.execute(_ADD, _values(incident, entry))


async def read_numbered(connection: Connection, incident: str) -> list[tuple[int, Entry]]:
    """All entries of an incident with their numbers, in their order."""
    return _numbered(await (await connection.execute(_READ, [incident])).fetchall())


def read_timeline_now(connection: AnyConnection, incident: str) -> list[Entry]:
    """All entries of an incident, for a command."""
    return [entry for _, entry in _numbered(connection.execute(_READ, [incident]).fetchall())]


def _values(incident: str, entry: Entry) -> list[Any]:
    return [incident, entry.act, entry.at_ms, entry.who, entry.why, Jsonb(dict(entry.data)), entry.is_public]


def _numbered(rows: Iterable[tuple[Any, ...]]) -> list[tuple[int, Entry]]:
    return [(number, Entry(Act(act), *rest)) for number, act, *rest in rows]
