"""What somebody waits for is stored at once, and all else is not."""

import asyncio
import time

import pytest

from tests.laws.broker import Broker
from tests.model import Record
from tests.model.build import clock_ms, delivery
from tests.ownership.test_turns import new_unit, of, ready
from tests.waiting import wait_for

HEALTHY, FAILED = delivery("12:00:20"), delivery("12:00:30", 500)
A_MINUTE_LATER = delivery("12:01:10")
UNDER_A_WRONG_KEY = delivery("12:00:40")._replace(key=b"another-app")


async def until_stored(broker: Broker) -> None:
    async def is_stored() -> bool:
        return broker.commits > 0

    await wait_for(is_stored, 60, "a commit")


@pytest.mark.parametrize(
    "records",
    [
        pytest.param((FAILED, A_MINUTE_LATER), id="an alert"),
        pytest.param((HEALTHY, A_MINUTE_LATER), id="how far was judged"),
        pytest.param((HEALTHY, UNDER_A_WRONG_KEY), id="what is put right"),
    ],
)
def test_what_somebody_waits_for_is_stored_soon(records: tuple[Record, ...]) -> None:
    async def scenario() -> None:
        with ready(new_unit()) as (owned, broker):
            await owned.apply(of(HEALTHY), None)
            await owned.commit()
            broker.commits = 0
            await owned.apply(of(*records, start=1), None)
            await until_stored(broker)
            assert broker.meta is not None
            assert broker.meta.next_offset == 1 + len(records)

    asyncio.run(scenario())


def test_counts_alone_wait() -> None:
    async def scenario() -> None:
        with ready(new_unit()) as (owned, broker):
            await owned.apply(of(HEALTHY), None)
            await until_stored(broker)  # that it has begun is news
            await owned.apply(of(FAILED, start=1), None)
            assert owned._due_s() > time.monotonic() + 900
            assert broker.commits == 1

    asyncio.run(scenario())


def test_an_alert_by_the_clock_is_stored_at_once() -> None:
    async def scenario() -> None:
        with ready(new_unit()) as (owned, broker):
            await owned.apply(of(FAILED), clock_ms("12:00:31"))
            owned.end_offset = 1
            assert await owned.tick(clock_ms("12:01:10"))
            await until_stored(broker)
            assert [alert["type"] for alert in broker.alerts] == ["BREACH"]

    asyncio.run(scenario())
