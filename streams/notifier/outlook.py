"""How all deliveries stand, looked at now and then, for `/metrics`."""

import asyncio
from typing import Final, NoReturn

from streams.database.patient import Connection, PatientDatabase
from streams.notifier.rows import execute
from streams.notifier.tally import Tally

_PERIOD_S: Final = 10.0
_DUE: Final = """
select channel, count(*), extract(epoch from clock_timestamp() - min(due_since))::float8
from slo.delivery where state = 'DUE' group by channel
"""
_DEAD: Final = "select channel, count(*) from slo.delivery where state = 'DEAD' group by channel"
_PAUSED: Final = "select channel, count(*) from slo.pause group by channel"


async def watch_deliveries(database: PatientDatabase, tally: Tally) -> NoReturn:
    """Tell the tally, until cancelled."""

    async def look(connection: Connection) -> None:
        due = await (await execute(connection, _DUE, {})).fetchall()
        tally.see(
            {channel: (count, age_s) for channel, count, age_s in due},
            dict(await (await execute(connection, _DEAD, {})).fetchall()),
            dict(await (await execute(connection, _PAUSED, {})).fetchall()),
        )

    while True:
        await database.run(look)
        await asyncio.sleep(_PERIOD_S)
