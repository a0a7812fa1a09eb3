"""Silences in the database: added, listed, ended; never deleted, as they say why somebody was not told."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from psycopg.types.json import Jsonb

from streams.database.patient import Connection
from streams.database.text import storable
from streams.notifier.rows import execute
from streams.notifier.silence import Matcher, restored, stored

_ADD: Final = """
insert into slo.silence (id, matchers, starts_at, ends_at, by, why)
values (%(id)s, %(matchers)s, %(starts)s, %(ends)s, %(by)s, %(why)s)
"""
_END: Final = """
update slo.silence set ends_at = greatest(starts_at, %(now)s) where id = %(id)s and ends_at > %(now)s
"""
_LIST: Final = """
select s.id, s.matchers, s.starts_at, s.ends_at, s.by, s.why,
  (select count(*) from slo.delivery d where d.silence = s.id and d.state = 'SUPPRESSED')
from slo.silence s where s.ends_at > %(since)s order by s.starts_at
"""


@dataclass(frozen=True, slots=True)
class StoredSilence:
    """A silence, who wanted it and why; `silenced`: how many deliveries it has kept back so far."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    by: str
    why: str
    silenced: int


async def add(
    connection: Connection, matchers: Sequence[Matcher], starts_at: datetime, ends_at: datetime, by: str, why: str
) -> str:
    """Its id."""
    name = secrets.token_hex(4)
    values = {
        "id": name,
        "matchers": Jsonb([[storable(part) for part in matcher] for matcher in stored(matchers)]),
        "starts": starts_at,
        "ends": ends_at,
        "by": storable(by),
        "why": storable(why),
    }
    await execute(connection, _ADD, values)
    return name


async def end(connection: Connection, name: str, now: datetime) -> bool:
    """End one now; whether it had not ended."""
    return (await execute(connection, _END, {"id": name, "now": now})).rowcount == 1


async def silences(connection: Connection, since: datetime) -> list[StoredSilence]:
    """Those that end after a moment."""
    rows = await (await execute(connection, _LIST, {"since": since})).fetchall()
    return [StoredSilence(name, restored(matchers), *rest) for name, matchers, *rest in rows]
