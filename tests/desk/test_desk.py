"""Who is the desk, and what it does not do once it is not."""

import asyncio

import psycopg

from streams.database.patient import Connection
from streams.desk.desk import Desk
from streams.desk.outbox import publish_later
from tests.database_fixture import CUT
from tests.desk.build import desk, is_the_desk


class Writing:
    """A step that writes a row at each turn."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.rests = 0

    async def take(self, desk: Desk) -> bool:
        async def write(connection: Connection) -> None:
            await publish_later(connection, "topic", self._name, None)

        await desk.run(write)
        return False

    async def rest(self) -> None:
        self.rests += 1


def keys(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [key for (key,) in connection.execute("select key from slo.outbox order by position")]


def test_one_is_the_desk_until_it_goes_and_the_other_does_nothing_until_then(database: str) -> None:
    async def scenario() -> None:
        loser = Writing("second")
        async with desk(database, Writing("first")) as first, desk(database, loser) as second:
            for one in (first, second, first, second):
                await one.turn()
            assert (first.is_elected, second.is_elected, loser.rests) == (True, False, 2)
            assert keys(database) == ["first", "first"]
            await first.close()
            await is_the_desk(second)
            await second.turn()
            assert keys(database) == ["first", "first", "second"]

    asyncio.run(scenario())


def test_a_desk_whose_connection_is_cut_has_lost_the_lock_with_it(database: str) -> None:
    async def scenario() -> None:
        async with desk(database, Writing("first")) as first, desk(database, Writing("second")) as second:
            await first.turn()
            with psycopg.connect(database, autocommit=True) as connection:
                connection.execute(CUT, ["slo-streams desk"])
            await is_the_desk(second)
            await second.turn()
            await first.turn()
            assert (first.is_elected, second.is_elected) == (False, True)
            assert keys(database) == ["first", "second"]

    asyncio.run(scenario())


def test_positions_have_no_gap_and_are_in_the_order_of_commits(database: str) -> None:
    with psycopg.connect(database) as one:
        one.execute("insert into slo.outbox (topic, key) values ('t', 'given up')")
        one.rollback()
        one.execute("set role slo_desk")
        one.execute("insert into slo.outbox (topic, key) values ('t', 'a'), ('t', 'b')")
        one.commit()
        one.execute("reset role")
        one.execute("delete from slo.outbox")
        one.execute("insert into slo.outbox (topic, key) values ('t', 'c')")
        assert one.execute("select position, key from slo.outbox").fetchall() == [(3, "c")]
