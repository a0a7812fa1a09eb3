"""How long counts are kept: by the time of the events, each kind for as long as it is set."""

import asyncio

from streams.history.retention import forget
from streams.history.settings import HistorySettings
from streams.names import WEBHOOK, Topics
from tests.history.alerts import rows
from tests.history.sink import Sink, patient
from tests.model.build import MIDNIGHT_MS, delivery

DAY_MS = 86_400_000
FIRST_DAY = MIDNIGHT_MS // DAY_MS


async def forget_in(url: str) -> None:
    """Delete what a service would that nobody has set otherwise."""
    settings = HistorySettings()
    async with patient(url) as database:
        await database.run(lambda connection: forget(connection, settings.history_minutes, settings.history_days))


def kept(url: str) -> tuple[list[int], list[int], list[int]]:
    """Days with minutes, chunks of six hours with latencies, days with sums; all since the first day."""
    return (
        [one["day"] - FIRST_DAY for one in rows(url, "select day from day_counts order by day")],
        [one["chunk"] - 4 * FIRST_DAY for one in rows(url, "select chunk from latency order by chunk")],
        [one["day"] - FIRST_DAY for one in rows(url, "select day from day_sum order by day")],
    )


def test_minutes_go_after_35_days_and_sums_after_two_years(database: str) -> None:
    async def count(*at: str) -> None:
        async with patient(database) as one:
            sink = Sink(one, Topics().input(WEBHOOK), 0)
            await sink.take_over()
            sink.read([delivery(time, durationInMillis=7) for time in at])
            await sink.commit()
        await forget_in(database)

    asyncio.run(count("05:59", "06:00", "+1d 00:00", "+34d 23:59", "+35d 11:59"))
    assert kept(database) == ([0, 1, 34, 35], [1, 4, 139, 141], [0, 1, 34, 35])
    asyncio.run(count("+36d 00:00"))
    assert kept(database) == ([1, 34, 35, 36], [4, 139, 141, 144], [0, 1, 34, 35, 36])
    asyncio.run(count("+730d 23:59:59.999"))
    assert kept(database) == ([730], [2923], [0, 1, 34, 35, 36, 730])
    asyncio.run(count("+731d 00:00"))
    assert kept(database) == ([730, 731], [2923, 2924], [1, 34, 35, 36, 730, 731])
