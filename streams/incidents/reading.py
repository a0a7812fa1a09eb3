"""Incidents read from the database as they are now, whether the desk has looked at them yet or not."""

from typing import Any, Final

from streams.incidents.life import life_of
from streams.incidents.people import now_ms
from streams.incidents.published import published
from streams.incidents.timeline import AnyConnection, read_timeline_now
from streams.severity.severity import TABLES, Tables

_ALL: Final = """
select e.incident, i.record, i.app_keys, (i.told->>'entry')::bigint is not distinct from max(e.id)
from slo.incident_entry e left join slo.incident i on i.id = e.incident
group by e.incident, i.id
"""
_ONE: Final = _ALL.replace("group by", "where e.incident = %s group by")


def read_incidents(connection: AnyConnection, tables: Tables = TABLES) -> list[dict[str, Any]]:
    """Records of all incidents, open ones first, the latest first."""
    found = [_record(connection, tables, *row) for row in connection.execute(_ALL).fetchall()]
    known = [one for one in found if one is not None]
    known.sort(key=lambda one: one["start"], reverse=True)
    return sorted(known, key=lambda one: one["endedAt"] is not None)


def read_incident(connection: AnyConnection, incident_id: str, tables: Tables = TABLES) -> dict[str, Any] | None:
    """The record of one; None: there is none of that id."""
    row = connection.execute(_ONE, [incident_id]).fetchone()
    return None if row is None else _record(connection, tables, *row)


def _record(
    connection: AnyConnection,
    tables: Tables,
    incident_id: str,
    record: dict[str, Any] | None,
    app_keys: list[str] | None,
    is_new: bool,
) -> dict[str, Any] | None:
    """As it was published last, or made anew where something happened since."""
    if is_new and record:
        return record
    timeline = read_timeline_now(connection, incident_id)
    life = life_of(incident_id, timeline, tables)
    if life is None:
        return None
    hit = list(dict.fromkeys([*(app_keys or ()), *life.app_keys]))
    return published(life, timeline, hit, now_ms(connection)).model_dump(mode="json")
