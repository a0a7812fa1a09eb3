"""What the store promises, step by step."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from streams.database.connection import conninfo
from streams.database.embedded import EmbeddedPostgres
from streams.database.errors import DatabaseAwayError
from streams.database.migrate import migrate
from streams.database.patient import Answer, Connection, PatientDatabase
from streams.database.roles import Role
from streams.database.schema import shipped_migrations
from streams.exits import RefusalError
from streams.history.counted_rows import CountedRows
from streams.history.folding import FIND, Folding
from streams.history.rows import FIND_SERIES, Numbered, Rows, names_of
from streams.history.sum_reading import DAYS, SUMS
from streams.history.tally import SeriesKey, Tally
from streams.names import AVAILABILITY, WEBHOOK, Topics
from streams.ownership.seams import FencedError
from streams.settings import PartitionerName
from tests.build import APPLICATION
from tests.database_fixture import CUT, KILLED, own_database
from tests.history.alerts import rows
from tests.history.naive import recount, table
from tests.history.sink import Sink, fold, patient, stored_counts, stored_latencies, stored_sums
from tests.model import Record
from tests.model.build import check, delivery
from tests.model.generate import random_log
from tests.waiting import wait_for

WEBHOOKS = Topics().input(WEBHOOK)
KEY = ("com.example.app", WEBHOOK.id, "Jira", "PROD")


def webhooks(seed: int, count: int) -> list[Record]:
    """The webhook deliveries of a random log of one partition."""
    return [record for record in random_log(seed, count) if record.topic == WEBHOOKS]


def total(url: str) -> int:
    good, bad = stored_counts(url)
    return sum(good.values()) + sum(bad.values())


def test_the_history_of_another_application_is_refused(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("insert into slo.application (id) values ('canary')")

    async def scenario() -> None:
        async with patient(database) as one:
            with pytest.raises(RefusalError, match="belongs to canary, not to slo-streams"):
                await Sink(one, WEBHOOKS, 0).take_over()

    asyncio.run(scenario())


def test_an_earlier_owner_stores_nothing_from_the_moment_it_is_followed(database: str) -> None:
    async def scenario() -> None:
        async with patient(database) as one:
            earlier, later = Sink(one, WEBHOOKS, 0), Sink(one, WEBHOOKS, 0)
            await earlier.take_over()
            earlier.read([delivery("12:00:01")])
            assert await later.take_over() == 0
            with pytest.raises(FencedError, match=r"slo\.webhook\.v1\[0\] was taken over"):
                await earlier.commit()
            assert total(database) == 0
            later.read([delivery("12:00:01")])
            await later.commit()
            assert total(database) == 1

    asyncio.run(scenario())


class Forgetful(PatientDatabase):
    """Every answer of a commit is lost, so that everything is tried a second time."""

    async def run(self, action: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        await super().run(action)
        return await super().run(action)


def test_a_commit_whose_answer_was_lost_counts_once(database: str) -> None:
    async def scenario() -> None:
        async with patient(database) as one:
            sink = Sink(one, WEBHOOKS, 0)
            await sink.take_over()
            forgetful = Forgetful(conninfo(database, Role.WRITER, "test"), patience_s=10, attempt_s=10)
            sink.store._database = forgetful
            for minute in range(3):
                sink.read([delivery(f"12:0{minute}:01"), delivery(f"12:0{minute}:02", 500)])
                await sink.commit()
            await forgetful.close()

    asyncio.run(scenario())
    assert total(database) == 6


def test_owners_of_different_partitions_may_count_the_same_series(database: str) -> None:
    """Misplaced events count where they lie: both add to the same rows, at the same time."""

    async def owner(partition: int, rounds: int) -> None:
        async with patient(database) as one:
            sink = Sink(one, WEBHOOKS, partition, partitions=2)
            await sink.take_over()
            for _ in range(rounds):
                sink.read([delivery("12:00:01", app=f"app-{i}") for i in range(40)])
                await sink.commit()

    async def scenario() -> None:
        await asyncio.gather(owner(0, 15), owner(1, 15))

    asyncio.run(scenario())
    good, _ = stored_counts(database)
    assert len(good) == 40
    assert set(good.values()) == {30}


def test_much_is_folded_some_rows_at_a_time(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.history.folding.MOST_ROWS", 4)
    told: list[object] = []

    async def scenario() -> None:
        async with patient(database) as one:
            sink = Sink(one, WEBHOOKS, 0)
            await sink.take_over()
            for minute in range(7):
                sink.read([delivery(f"12:0{minute}", app=f"app-{i}") for i in range(minute // 3, 3)])
                await sink.commit()
            told.append((stored_counts(database), stored_sums(database), stored_latencies(database)))
            await fold(one)

    asyncio.run(scenario())
    assert (stored_counts(database), stored_sums(database), stored_latencies(database)) == told[0]
    assert rows(database, "select series from recent") == []


def test_a_fold_of_another_process_is_left_alone_or_waited_for(database: str) -> None:
    async def scenario() -> None:
        async with patient(database) as one:
            sink = Sink(one, WEBHOOKS, 0)
            await sink.take_over()
            sink.read([delivery("12:00:01")])
            await sink.commit()
            folding = Folding(one, Rows(PartitionerName.MURMUR2))
            with psycopg.connect(database) as other:
                other.execute("select pg_advisory_xact_lock(7253188413)")
                await folding.fold()
                assert len(rows(database, "select series from recent")) == 1
                waiting = asyncio.create_task(folding.fold(waits=True))

                async def is_waiting() -> bool:
                    return bool(rows(database, "select from pg_locks where locktype = 'advisory' and not granted"))

                await wait_for(is_waiting, 60, "the fold to wait")
            await waiting
        assert rows(database, "select series from recent") == []

    asyncio.run(scenario())


def test_what_is_away_for_longer_than_there_is_patience_ends_the_service() -> None:
    told: list[str | None] = []

    async def scenario() -> None:
        database = PatientDatabase("host=127.0.0.1 port=1", patience_s=0.3, attempt_s=1.0, tell=told.append)
        with pytest.raises(DatabaseAwayError, match=r"away for 0\.3 s"):
            await database.run(lambda connection: connection.execute("select 1"))

    asyncio.run(scenario())
    assert len(told) == 1
    assert str(told[0]).startswith("waiting for the database: ")


def test_a_connection_that_is_cut_is_made_anew(database: str) -> None:
    told: list[str | None] = []

    async def scenario() -> None:
        async with patient(database, tell=told.append) as one:
            sink = Sink(one, WEBHOOKS, 0)
            await sink.take_over()
            for minute in range(3):
                with psycopg.connect(database, autocommit=True) as other:
                    other.execute(CUT, ["test"])
                sink.read([delivery(f"12:0{minute}:01")])
                await sink.commit()

    asyncio.run(scenario())
    assert total(database) == 3
    assert [why is None for why in told] == [False, True] * 3


class LostRows(Rows):
    """The first time that anything is added, the transaction is ended amid it."""

    def __init__(self, url: str) -> None:
        super().__init__(PartitionerName.MURMUR2)
        self._url = url
        self.times = 1


class CutRows(LostRows):
    """The first time that anything is added, the connection is cut before the transaction ends."""

    async def add(self, connection: Connection, tallies: Mapping[SeriesKey, Tally]) -> Numbered:
        """Add all of it, and lose the connection."""
        found = await super().add(connection, tallies)
        if self.times:
            self.times -= 1
            with psycopg.connect(self._url) as other:
                other.execute("select pg_terminate_backend(%s, 60000)", [connection.info.backend_pid])
        return found


class FrozenRows(LostRows):
    """The first time that anything is added, it stands still for so long that the server ends the transaction."""

    async def add(self, connection: Connection, tallies: Mapping[SeriesKey, Tally]) -> Numbered:
        """Stand still, and go on as if nothing had been."""
        if self.times:
            self.times -= 1
            await connection.execute("set local idle_in_transaction_session_timeout = '50ms'")
            pid = connection.info.backend_pid

            async def is_gone() -> bool:
                with psycopg.connect(self._url) as other:
                    query = "select from pg_stat_activity where pid = %s"
                    return other.execute(query, [pid]).fetchone() is None

            await wait_for(is_gone, 60, "the server to end the transaction")
        return await super().add(connection, tallies)


@pytest.mark.parametrize("lost", [CutRows, FrozenRows])
def test_a_transaction_that_is_ended_amid_it_adds_nothing_and_begins_anew(database: str, lost: type[LostRows]) -> None:
    async def scenario() -> None:
        async with patient(database) as one:
            sink = Sink(one, WEBHOOKS, 0)
            await sink.take_over()
            sink.store._rows = CountedRows(rows := lost(database))
            sink.read([delivery("12:00:01"), delivery("12:01:01", 500)])
            await sink.commit()
            assert rows.times == 0

    asyncio.run(scenario())
    assert total(database) == 2


@pytest.mark.parametrize("seed", range(2))
def test_a_server_killed_at_any_moment_leaves_the_exact_count(seed: int) -> None:
    log = webhooks(seed, 6_000)
    chance = random.Random(seed)
    # By what is read, not by a clock: a fast machine is killed as often as a slow one. The last leaves work to do.
    to_kill = sorted(chance.sample(range(len(log) // 2), 6))
    reached = [asyncio.Event() for _ in to_kill]

    async def work(url: str) -> None:
        async with patient(url) as database:
            sink = Sink(database, WEBHOOKS, 0)
            position = await sink.take_over()
            while position < len(log):
                for event, mark in zip(reached, to_kill, strict=True):
                    if position >= mark:
                        event.set()
                sink.read(log[position : position + chance.randrange(1, 20)])
                position = sink.processor.next_offset
                await sink.commit()
                if chance.random() < 0.1:
                    await fold(database)
                if chance.random() < 0.05:  # the process crashes, too
                    sink = Sink(database, WEBHOOKS, 0)
                    position = await sink.take_over()

    async def scenario(server: EmbeddedPostgres) -> int:
        kills = 0
        working = asyncio.create_task(work(server.url))
        for event in reached:
            waiting = asyncio.create_task(event.wait())
            await asyncio.wait([working, waiting], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([working], timeout=chance.uniform(0.0, 0.02))  # at any moment of a transaction
            waiting.cancel()
            if not working.done():
                server.kill()
                server.start()
                kills += 1
        await working
        return kills

    with TemporaryDirectory(prefix="pg-") as folder, EmbeddedPostgres(Path(folder), overrides=KILLED) as server:
        migrate(server.url, shipped_migrations())
        kills = asyncio.run(scenario(server))
        good, bad = stored_counts(server.url)
    expected = recount(log, application=APPLICATION, partitions=1)
    assert kills == len(to_kill)
    assert (good, bad) == (table(expected.good), table(expected.bad))


def test_a_restored_dump_goes_on_where_it_was_made(database: str, postgres: str) -> None:
    """A copy of the database as it was: its offsets came back with its counts."""
    log = webhooks(7, 600)

    async def read(url: str, upto: int) -> None:
        async with patient(url) as one:
            sink = Sink(one, WEBHOOKS, 0)
            position = await sink.take_over()
            sink.read(log[position:upto])
            await sink.commit()

    asyncio.run(read(database, len(log) // 2))
    name = str(conninfo_to_dict(database)["dbname"])
    with own_database(postgres, template=name) as restored:
        asyncio.run(read(database, len(log)))
        asyncio.run(read(restored, len(log)))
        assert stored_counts(restored) == stored_counts(database)
    expected = recount(log, application=APPLICATION, partitions=1)
    assert stored_counts(database) == (table(expected.good), table(expected.bad))


def test_the_longest_names_have_room(database: str) -> None:
    chance = random.Random(5)

    def name(length: int) -> str:
        return "".join(chr(chance.randrange(0x10000, 0x20000)) for _ in range(length))

    async def scenario() -> None:
        async with patient(database) as one:
            sink = Sink(one, Topics().input(AVAILABILITY), 0)
            await sink.take_over()
            for _ in range(2):
                sink.read([check("12:00", app=app, baseUrl=url, group=group)])
                await sink.commit()

    app, url, group = name(256), name(2_048), name(256)
    asyncio.run(scenario())
    assert list(stored_counts(database)[0].values()) == [2]


def test_who_reads_while_rows_are_folded_sees_each_event_once(database: str) -> None:
    log = webhooks(11, 1_200)

    async def scenario() -> None:
        async with patient(database) as one:
            sink = Sink(one, WEBHOOKS, 0)
            await sink.take_over()
            for at in range(0, len(log), 40):
                sink.read(log[at : at + 40])
                await sink.commit()
            before = stored_counts(database), stored_sums(database)
            folding = asyncio.create_task(fold(one))
            seen = 0
            while not folding.done():
                assert (await asyncio.to_thread(stored_counts, database), stored_sums(database)) == before
                seen += 1
            await folding
            assert seen
            assert (stored_counts(database), stored_sums(database)) == before

    asyncio.run(scenario())
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from slo.recent").fetchone() == (0,)


def test_rows_are_looked_up_one_by_one_however_many_there_are(database: str) -> None:
    with psycopg.connect(conninfo(database, Role.WRITER, "test")) as connection:
        connection.execute("insert into day_counts select series, 20514, '\\x01' from generate_series(1, 20000) series")
        connection.execute(
            "insert into series (app_key, metric, scope, source, first_minute)"
            " select 'app-' || number, 'm', 'Jira', 'PROD', 0 from generate_series(1, 20000) number"
        )
        keys = [list(range(1, 1_001)), [20_514] * 1_000]
        names = [names_of(SeriesKey(f"app-{number}", "x", "x", "x") for number in range(1_000))]
        connection.execute("insert into day_sum select 20514, series, 1, 0 from generate_series(1, 20000) series")
        connection.execute("insert into recent select series, 20514, 1, 0, '' from generate_series(1, 20000) series")
        find = FIND.replace("{table}", "day_counts").replace("{unit}", "day")
        sums = {"first": 20_514, "last": 20_514, "series": keys[0]}
        for query, values in ((find, keys), (FIND_SERIES, names), (DAYS, keys), (SUMS, sums)):
            plan = connection.execute(f"explain {query}".encode(), values).fetchall()
            assert not any("Seq Scan" in line for (line,) in plan), plan
