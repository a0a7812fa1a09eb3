"""Alerts, catalogue and exclusions in the database, as their topics tell them: one class for the rows of each."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from psycopg.types.json import Jsonb

from schemas.apps import App
from schemas.exclusions import Exclusion
from streams.database.patient import Connection
from streams.database.text import storable, storable_json
from streams.history.alert_reading import StoredAlert
from streams.history.reference_reading import Version

# An alert has the partner of its app as the catalogue is now. So the catalogue stands still while one is added, and
# whoever changes it changes the alerts that are there.
_HOLD_CATALOGUE: Final = "lock table app in share mode"
_ADD_ALERT: Final = """
insert into alert (incident_id, type, app_key, metric, scope, objective, severity, reason, partner_id, breached_at_ms,
                   time_ms, known_ms, part, "offset", record)
values (%s, %s, %s, %s, %s, %s, %s, %s, (select partner_id from app where app_key = %s), %s, %s, %s, %s, %s, %s)
on conflict do nothing
"""
_PUT_APP: Final = """
insert into app (app_key, name, partner_id, partner_name, email, enrolled_at_ms, healthcheck_urls, excluded_client_keys,
                 known_ms, part, "offset")
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (app_key) do update set
  (name, partner_id, partner_name, email, enrolled_at_ms, healthcheck_urls, excluded_client_keys, known_ms, part,
   "offset")
  = (excluded.name, excluded.partner_id, excluded.partner_name, excluded.email, excluded.enrolled_at_ms,
     excluded.healthcheck_urls, excluded.excluded_client_keys, excluded.known_ms, excluded.part, excluded."offset")
"""
_REMOVE_APP: Final = "delete from app where app_key = %s"
_MOVE_ALERTS: Final = """
update alert set partner_id = %(partner)s where app_key = %(app)s and partner_id is distinct from %(partner)s
"""
_ADD_EXCLUSION: Final = """
insert into exclusion (part, "offset", id, known_ms, app_key, metric, scope, reason, start_ms, end_ms, announced_ms)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""


class _PartitionRows:
    """The rows that one partition of a topic is made to."""

    def __init__(self, partition: int) -> None:
        self._partition = partition

    def learn(self, found: None) -> None:
        """Nothing is found while they are stored."""


class AlertRows(_PartitionRows):
    """Adds alerts. What is there already was published twice."""

    async def add(self, connection: Connection, facts: Sequence[StoredAlert]) -> None:
        """Each once."""
        if facts:
            await connection.execute(_HOLD_CATALOGUE)
            await _execute_each(connection, _ADD_ALERT, map(self._values, facts))

    def _values(self, fact: StoredAlert) -> list[Any]:
        alert = fact.alert
        app_key = storable(alert.app_key)
        return [
            alert.incident_id,
            alert.type,
            app_key,
            alert.metric_id,
            *map(storable, (alert.scope, alert.objective, alert.severity)),
            alert.reason,
            app_key,
            fact.breached_at_ms,
            fact.time_ms,
            fact.known_ms,
            self._partition,
            fact.offset,
            Jsonb(storable_json(alert.model_dump(mode="json"))),
        ]


class AppRows(_PartitionRows):
    """Puts what the catalogue says in the place of what it said before."""

    async def add(self, connection: Connection, facts: Sequence[Version[App]]) -> None:
        """The newest version of each app; a withdrawn one is gone."""
        newest = {storable(fact.name): fact for fact in facts}
        listed = {key: fact.said for key, fact in newest.items() if fact.said is not None}
        put = (self._values(key, app, newest[key]) for key, app in listed.items())
        await _execute_each(connection, _PUT_APP, put)
        await _execute_each(connection, _REMOVE_APP, ([key] for key in newest.keys() - listed.keys()))
        partners = {key: _storable(app.partner_id) for key, app in listed.items()}
        moved = ({"app": key, "partner": partners.get(key)} for key in newest)
        await _execute_each(connection, _MOVE_ALERTS, moved)

    def _values(self, app_key: str, app: App, fact: Version[App]) -> list[Any]:
        return [
            app_key,
            *map(_storable, (app.name, app.partner_id, app.partner_name, app.email)),
            app.enrolled_at,
            *(list(map(storable, texts)) for texts in (app.healthcheck_urls, app.excluded_client_keys)),
            fact.known_ms,
            self._partition,
            fact.offset,
        ]


class ExclusionRows(_PartitionRows):
    """Adds versions of exclusions."""

    async def add(self, connection: Connection, facts: Sequence[Version[Exclusion]]) -> None:
        """Each once."""
        await _execute_each(connection, _ADD_EXCLUSION, map(self._values, facts))

    def _values(self, fact: Version[Exclusion]) -> list[Any]:
        told: list[Any] = [None] * 7
        if (said := fact.said) is not None:
            holds_for = map(_storable, (said.app_key, said.metric_id, said.scope))
            told = [*holds_for, said.reason, said.start, said.end, said.announced_at]
        return [self._partition, fact.offset, storable(fact.name), fact.known_ms, *told]


async def _execute_each(connection: Connection, query: str, values: Iterable[Any]) -> None:
    async with connection.cursor() as cursor:
        await cursor.executemany(query.encode(), values)


def _storable(text: str | None) -> str | None:
    return None if text is None else storable(text)
