"""Desks of tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streams.database.patient import Connection
from streams.desk.desk import Desk, NotElectedError, Step
from tests.waiting import wait_for


@asynccontextmanager
async def desk(url: str, *steps: Step) -> AsyncIterator[Desk]:
    one = Desk(url, steps, patience_s=60, attempt_s=60)
    try:
        yield one
    finally:
        await one.close()


async def is_the_desk(one: Desk) -> None:
    """Wait until it is: the server needs a moment to see that the connection of the former one is gone."""

    async def nothing(_connection: Connection) -> None:
        """To be done."""

    async def is_so() -> bool:
        try:
            await one.run(nothing)
        except NotElectedError:
            return False
        return True

    await wait_for(is_so, 60, "it to be the desk")
