"""The desk's step that keeps the status page: made anew where something of it changed, and each minute at least."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

import orjson

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.incidents.timeline import read_numbered
from streams.names import AVAILABILITY
from streams.registry.exclusions import PLANNED
from streams.severity.severity import TABLES, Tables
from streams.status_page.facts import Component, Facts, Maintenance, Shown, components_of, shown
from streams.status_page.render import atom, html
from streams.status_page.shape import RECENT, Shape
from streams.status_page.writing import write_files

log = logging.getLogger(__name__)

_EVERY_S: Final = 60.0
_LAYOUT: Final = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_KEPT_MS: Final = 90 * 86_400_000

_CHANGED: Final = """
select coalesce(max(changed_ms), 0), count(*), (select coalesce(max(known_ms), 0) from exclusion) from incident
"""
_IDS: Final = """
select id from incident where verdict = 'CONFIRMED' and not is_trial and visibility <> 'INTERNAL'
and (ended_ms is null or ended_ms > %s) order by start_ms desc limit %s
"""
_PRODUCTS: Final = "select distinct scope from series where metric <> %s order by 1 limit 50"
_MAINTENANCES: Final = """
select distinct on (id) id, reason, metric, scope, start_ms, end_ms, coalesce(announced_ms, known_ms, start_ms)
from exclusion where app_key is null order by id, "offset" desc
"""
_NOW: Final = "select slo.now_ms()"


class StatusPageStep:
    """Writes the page to a folder. A folder that cannot be written to is said, and tried again."""

    def __init__(self, folder: Path, name: str, url: str | None, tables: Tables = TABLES) -> None:
        self._folder = folder
        self._name = name
        self._url = url
        self._tables = tables
        self._made_of: object = None
        self._made_s = 0.0
        self._is_away = False

    async def take(self, desk: Desk) -> bool:
        """Look, and write what changed."""
        made_of = await desk.run(_changed)
        if made_of == self._made_of and time.monotonic() < self._made_s + _EVERY_S:
            return False
        facts = await desk.run(self._facts)
        try:
            await asyncio.to_thread(write_files, self._folder, self._files(facts))
        except OSError as problem:
            if not self._is_away:
                log.warning("the status page cannot be written to %s: %s", self._folder, problem)
            self._is_away = True
            return False
        self._is_away = False
        self._made_of, self._made_s = made_of, time.monotonic()
        return False

    async def rest(self) -> None:
        """Whoever is the desk writes it anew."""
        self._made_of = None

    async def _facts(self, connection: Connection) -> Facts:
        return await _facts(connection, self._tables)

    def _files(self, facts: Facts) -> dict[str, bytes]:
        return files_of(facts, self._name, self._url)


def files_of(facts: Facts, name: str, url: str | None) -> dict[str, bytes]:
    """Path below the folder -> content."""
    shape = Shape(facts, name, url)
    documents = shape.files()
    found = {path: orjson.dumps(document, option=_LAYOUT) for path, document in documents.items()}
    return {**found, "history.atom": atom(shape, documents), "index.html": html(documents)}


async def _changed(connection: Connection) -> object:
    return await (await connection.execute(_CHANGED)).fetchone()


async def _facts(connection: Connection, tables: Tables) -> Facts:
    row = await (await connection.execute(_NOW)).fetchone()
    at_ms = 0 if row is None else int(row[0])
    products = [name for (name,) in await (await connection.execute(_PRODUCTS, [AVAILABILITY.id])).fetchall()]
    found: list[Shown] = []
    for (incident_id,) in await (await connection.execute(_IDS, [at_ms - _KEPT_MS, RECENT])).fetchall():
        one = shown(incident_id, await read_numbered(connection, incident_id), products, at_ms, tables)
        if one is not None:
            found.append(one)
    everything = components_of(products)
    maintenances = [
        Maintenance(name, start_ms, end_ms, announced_ms, _of(everything, scope))
        for name, reason, metric, scope, start_ms, end_ms, announced_ms in await (
            await connection.execute(_MAINTENANCES)
        ).fetchall()
        if reason == PLANNED and metric is None and (end_ms is None or end_ms > at_ms - _KEPT_MS)
    ]
    return Facts(at_ms, everything, found, maintenances)


def _of(everything: list[Component], scope: str | None) -> list[Component]:
    return everything if scope is None else [one for one in everything if one.product == scope]
