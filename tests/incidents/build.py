"""Breaches of many apps in a real database, and the desk's look at them."""

import itertools
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from streams.database.patient import Connection, PatientDatabase
from streams.history.alert_reading import read_alert_record
from streams.history.facts import AlertRows
from streams.incidents.detection import Detection
from streams.incidents.projection import Projection
from streams.incidents.telling import Told
from streams.intake.checking import Rejection
from streams.names import Topics
from tests.build import stored
from tests.history.alerts import alert, published
from tests.history.sink import patient
from tests.model.build import MIDNIGHT_MS, clock_ms

_OFFSETS = itertools.count()


def fault(
    apps: int, breached: str, recovered: str | None = None, *, partner: str | None = None, **other: Any
) -> list[dict[str, Any]]:
    """Alerts of so many apps, each of a partner of its own unless one is named, that breach at once."""
    found = []
    for number in range(apps):
        name, owner = f"com.example.app-{number:02}", partner or f"Partner {number}"
        details = {"name": name, "partnerName": owner}
        found.append(alert(breached, app=name, appDetails=details, **other))
        if recovered is not None:
            found.append(alert(breached, recovered, app=name, appDetails=details, **other))
    return found


async def file(database: PatientDatabase, alerts: Sequence[dict[str, Any]]) -> None:
    """Store alerts as history does."""
    records = stored([published(one) for one in alerts], next(_OFFSETS) * 100_000)
    facts = [one for one in map(read_alert_record, records) if not isinstance(one, Rejection)]
    assert len(facts) == len(alerts)
    await database.run(lambda connection: AlertRows(0).add(connection, facts))


class Desk:
    """The steps of incidents, one after the other. `told` has what was told."""

    def __init__(self, database: PatientDatabase, **regions: str) -> None:
        self.database = database
        self.told: list[Told] = []
        self.detection = Detection(regions)
        self.projection = Projection(Topics(), self._tell)

    async def _tell(self, _connection: Connection, told: Iterable[Told]) -> None:
        self.told += told

    async def until(self, clock: str) -> None:
        """Judge all boundaries up to a time of the day, and look at what became of them."""
        at_ms = clock_ms(clock)
        more = True
        while more:
            more = await self.database.run(lambda connection: self.detection.advance(connection, at_ms))
            judged_ms = await self.database.run(_judged_ms)
            await self.database.run(partial(self.projection.refresh, at_ms=judged_ms, judged_ms=judged_ms))


async def _judged_ms(connection: Connection) -> int:
    row = await (await connection.execute("select judged_ms from incident_clock")).fetchone()
    assert row is not None
    return int(row[0])


def incidents(url: str) -> list[DictRow]:
    """All of them, by their start."""
    return rows(url, "select * from incident order by start_ms, id")


def rows(url: str, query: str) -> list[DictRow]:
    with psycopg.connect(url, row_factory=dict_row, options="-c search_path=slo") as connection:
        return connection.execute(query.encode()).fetchall()


__all__ = ["MIDNIGHT_MS", "Desk", "clock_ms", "fault", "file", "incidents", "patient", "rows"]
