"""Incidents looked at anew: what time adds to their timelines, what they are now, who is told, what is published."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from psycopg.types.json import Jsonb

from streams.database.patient import Connection
from streams.desk.outbox import publish_later
from streams.incidents.assessment import due_entries
from streams.incidents.entry import SYSTEM, Act, Entry, Verdict
from streams.incidents.life import Incident, life_of
from streams.incidents.measuring import measure
from streams.incidents.proposal import proposed
from streams.incidents.published import MOST_APPS, for_partners, published
from streams.incidents.telling import Told, tellings
from streams.incidents.timeline import add_entry, read_numbered
from streams.names import Topics
from streams.registry.write import to_json
from streams.severity.severity import TABLES, Tables, kind_of

Tell = Callable[[Connection, Sequence[Told]], Awaitable[None]]

_DUE: Final = "delete from incident_due returning incident"
# What is over for a week has no target any more that time could still miss.
_PENDING: Final = "select id from incident where state <> 'CLOSED' and (ended_ms is null or ended_ms > %s)"
_PENDING_MS: Final = 7 * 86_400_000
_MEMBERS: Final = """
select distinct app_key from onset where incident = %s and is_member order by 1
"""
_FIRST: Final = "select min(breached_ms) from onset where incident = %s and is_member"
_URLS: Final = "select distinct scope from onset where incident = %s and is_member"
# By the id that their people log in with, and by that which their targets name: an app may have no `partnerId`.
_PARTNERS: Final = """
select distinct partner_id, coalesce(partner_id, partner_name) from app where app_key = any(%s) order by 2, 1
"""
_SENT: Final = """
select (extract(epoch from min(d.sent_at)) * 1000)::bigint from notification n
join delivery d on d.notification = n.id
where n.thread = %s and n.role is not null and d.state = 'SENT'
"""
_STORED: Final = "select record, told, state from incident where id = %s"
_STORE: Final = """
insert into incident (id, state, verdict, severity, visibility, is_trial, title, start_ms, ended_ms, changed_ms,
                      app_keys, partners, record, told)
values (%(id)s, %(state)s, %(verdict)s, %(severity)s, %(visibility)s, %(trial)s, %(title)s, %(start)s, %(ended)s,
        %(changed)s, %(apps)s, %(partners)s, %(record)s, %(told)s)
on conflict (id) do update set
  (state, verdict, severity, visibility, is_trial, title, start_ms, ended_ms, changed_ms, app_keys, partners, record,
   told, quiet_since_ms)
  = (excluded.state, excluded.verdict, excluded.severity, excluded.visibility, excluded.is_trial, excluded.title,
     excluded.start_ms, excluded.ended_ms, excluded.changed_ms, excluded.app_keys, excluded.partners, excluded.record,
     excluded.told, case when %(reopened)s then null else incident.quiet_since_ms end)
"""
_SHOW: Final = """
insert into incident_public (id, visibility, partners, is_trial, start_ms, found_ms, updated_ms, ended_ms, changed_ms,
                             record)
values (%(id)s, %(visibility)s, %(partners)s, %(trial)s, %(start)s, %(found)s, %(updated)s, %(ended)s, %(changed)s,
        %(seen)s)
on conflict (id) do update set
  (visibility, partners, is_trial, start_ms, found_ms, updated_ms, ended_ms, changed_ms, record)
  = (excluded.visibility, excluded.partners, excluded.is_trial, excluded.start_ms, excluded.found_ms,
     excluded.updated_ms, excluded.ended_ms, excluded.changed_ms, excluded.record)
"""
_HIDE: Final = "delete from incident_public where id = %s"
_ADD_APPS: Final = """
insert into incident_app (incident, app_key) select %s, unnest(%s::text[]) on conflict do nothing
"""
_DROP_APPS: Final = "delete from incident_app where incident = %s and app_key <> all(%s)"
_OPEN_STATES: Final = ("TRIAGE", "INVESTIGATING", "IDENTIFIED", "MONITORING")


class Projection:
    """Keeps `slo.incident` what the timelines say. `tell` enqueues notifications in the same transaction."""

    def __init__(self, topics: Topics, tell: Tell, tables: Tables = TABLES) -> None:
        self._topics = topics
        self._tables = tables
        self._tell = tell
        self._measured_ms: dict[str, int] = {}

    async def refresh(self, connection: Connection, at_ms: int, judged_ms: int | None) -> bool:
        """Look at what changed, and at whatever is not closed or over for long; whether anything is different now.

        `at_ms` is the time of the rules, `judged_ms` up to when history is complete.
        """
        due = {row[0] for row in await (await connection.execute(_DUE)).fetchall()}
        pending = {row[0] for row in await (await connection.execute(_PENDING, [at_ms - _PENDING_MS])).fetchall()}
        changed = False
        for name in sorted(due | pending):
            changed |= await self._look_at(connection, name, at_ms, judged_ms)
        return changed

    async def _look_at(self, connection: Connection, name: str, at_ms: int, judged_ms: int | None) -> bool:
        numbered = await read_numbered(connection, name)
        incident = self._life(name, numbered)
        if incident is None:
            return False
        for entry in await self._found(connection, incident, judged_ms):
            numbered.append((await add_entry(connection, name, entry), entry))
        incident = self._life(name, numbered) or incident
        while added := list(due_entries(incident, at_ms)):
            for entry in added:
                numbered.append((await add_entry(connection, name, entry), entry))
            incident = self._life(name, numbered) or incident
        return await self._store(connection, incident, numbered, at_ms)

    def _life(self, name: str, numbered: Iterable[tuple[int, Entry]]) -> Incident | None:
        return life_of(name, (entry for _, entry in numbered), self._tables)

    async def _found(self, connection: Connection, incident: Incident, judged_ms: int | None) -> Iterable[Entry]:
        """What the database knows of it beside its timeline."""
        found = []
        if incident.paged_ms is None:
            row = await (await connection.execute(_SENT, [f"incident-{incident.id}"])).fetchone()
            if row is not None and row[0] is not None:
                found.append(Entry(Act.PAGED, row[0], SYSTEM))
        is_new = judged_ms is not None and self._measured_ms.get(incident.id) != judged_ms
        if incident.is_open and judged_ms is not None and is_new:
            self._measured_ms[incident.id] = judged_ms
            seen = await measure(connection, incident, judged_ms)
            if seen is not None and (
                kind_of(seen.good, seen.bad) is not kind_of(incident.good, incident.bad)
                or seen.start_ms < incident.start_ms
            ):
                data = {"good": seen.good, "bad": seen.bad, "start": seen.start_ms}
                found.append(Entry(Act.MEASURED, judged_ms, SYSTEM, data=data))
        return found

    async def _store(
        self, connection: Connection, incident: Incident, numbered: Sequence[tuple[int, Entry]], at_ms: int
    ) -> bool:
        app_keys = {row[0] for row in await (await connection.execute(_MEMBERS, [incident.id])).fetchall()}
        app_keys |= set(incident.app_keys)
        hit = sorted(app_keys)
        hit_partners = await (await connection.execute(_PARTNERS, [hit])).fetchall()
        partners = [partner_id for partner_id, _ in hit_partners if partner_id is not None]
        names = list(dict.fromkeys(name for _, name in hit_partners))
        record = published(incident, [entry for _, entry in numbered], hit, at_ms)
        document = record.model_dump(mode="json")
        row = await (await connection.execute(_STORED, [incident.id])).fetchone()
        before, told, state = ({}, {}, None) if row is None else row
        told_to = told.get("entry", 0)
        if before == document and all(number <= told_to for number, _ in numbered):
            return False
        values: dict[str, Any] = {
            "id": incident.id,
            "state": incident.state,
            "verdict": incident.verdict,
            "severity": document["severity"],
            "visibility": incident.visibility,
            "trial": incident.trial,
            "title": incident.title,
            "start": incident.start_ms,
            "found": incident.found_ms,
            "updated": incident.updated_ms,
            "ended": incident.ended_ms,
            "changed": incident.changed_ms,
            "apps": hit[:MOST_APPS],
            "partners": partners,
            "record": Jsonb(document),
            "seen": Jsonb(for_partners(document)),
            "told": Jsonb({"entry": max(number for number, _ in numbered)}),
            "reopened": incident.is_open and state is not None and state not in _OPEN_STATES,
        }
        await connection.execute(_STORE, values)
        await connection.execute(_ADD_APPS, [incident.id, hit])
        await connection.execute(_DROP_APPS, [incident.id, hit])
        if incident.verdict is Verdict.CONFIRMED:
            await connection.execute(_SHOW, values)
        else:
            await connection.execute(_HIDE, [incident.id])
        await publish_later(connection, self._topics.incidents, incident.id, to_json(record))
        new = [(number, entry) for number, entry in numbered if number > told_to]
        await self._tell(
            connection,
            [one for number, entry in new for one in tellings(incident, number, entry, names, at_ms)],
        )
        if incident.exclusions and any(entry.act is Act.STATE for _, entry in new):
            await self._end_exclusions(connection, incident)
        return True

    async def _end_exclusions(self, connection: Connection, incident: Incident) -> None:
        """What was approved while it was open ends with it."""
        for exclusion in await proposal_of(connection, incident):
            if exclusion.id in incident.exclusions:
                await publish_later(connection, self._topics.exclusions, exclusion.id, to_json(exclusion))


async def proposal_of(connection: Connection, incident: Incident) -> list[Any]:
    """The exclusions that it would take, from what the database has of it."""
    first = await (await connection.execute(_FIRST, [incident.id])).fetchone()
    urls = await (await connection.execute(_URLS, [incident.id])).fetchall()
    return proposed(incident, None if first is None else first[0], [row[0] for row in urls])
