"""The history service on real brokers and a real PostgreSQL: killed, stopped, replaced; what it has stored is exact."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from aiohttp import ClientSession

from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.schema import shipped_migrations
from streams.exits import ExitCode
from streams.kafka.specs import topics_stored
from tests.bench.usage import usage
from tests.database_fixture import KILLED
from tests.e2e.conftest import flow as flow
from tests.e2e.flow import SHORT_SESSION_S, Flow, WorkerProcess
from tests.e2e.traffic import traffic
from tests.history.naive import Recount, recount, table
from tests.history.sink import stored_counts
from tests.history.test_law import check
from tests.model.build import delivery
from tests.model.generate import random_log
from tests.ports import free_port
from tests.waiting import wait_for


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of one test, to be killed."""
    with TemporaryDirectory(prefix="pg-") as folder, EmbeddedPostgres(Path(folder), overrides=KILLED) as server:
        migrate(server.url, shipped_migrations())
        yield server


def start(flow: Flow, url: str, **settings: str) -> WorkerProcess:
    """A history service."""
    more = {"SLO_DATABASE_URL": url, "SLO_HISTORY_PORT": "0", "SLO_HISTORY_FLUSH": "200ms", **settings}
    return flow.start_worker(command="history", **more)


def offsets(url: str) -> dict[tuple[str, int], int]:
    """Up to where every partition is counted."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("select topic, part, next from slo.sink_offset where next is not null").fetchall()
    return {(topic, part): offset for topic, part, offset in rows}


async def wait_until_counted(flow: Flow, url: str) -> None:
    """Wait until every partition is counted to its end."""

    async def is_counted() -> bool:
        ends = await flow.end_offsets(flow.input_partitions)
        stored = offsets(url)
        return all(stored.get((tp.topic, tp.partition), 0) >= end for tp, end in ends.items())

    await wait_for(is_counted, 120, "history to count everything", flow.workers)


async def has_all(flow: Flow, service: WorkerProcess) -> None:
    """Wait until a service that is alone has taken over every partition."""
    partitions = flow.partitions * len(topics_stored(flow.settings))

    async def is_done() -> bool:
        return service.log.count("going on at") >= partitions

    await wait_for(is_done, 120, "history to have every partition", [service])


async def recounted(flow: Flow) -> Recount:
    """What the topics themselves come to."""
    log = [record for _, record in await flow.input_log() if record.topic in flow.topics.inputs]
    assert log
    return recount(
        log,
        application=flow.application_id,
        partitions=flow.partitions,
        topics=flow.topics,
        lateness_ms=flow.lateness_ms,
    )


async def check_all(flow: Flow, url: str) -> None:
    """Hold what is stored against a recount of the topics themselves."""
    check(url, await recounted(flow))


@pytest.mark.timeout(400)
def test_killed_services_and_a_killed_server_leave_the_exact_count(flow: Flow, server: EmbeddedPostgres) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        flow.start_worker()  # puts misplaced records right, so that there are copies
        async with traffic(flow):
            first = start(flow, server.url)
            await first.says("going on at")
            second = start(flow, server.url)
            await second.says("going on at")
            first.kill()
            server.kill()
            await asyncio.sleep(1.0)  # for as long nobody can store
            server.start()
            third = start(flow, server.url)
            await third.says("going on at")
            assert await second.stop() == 0
        await wait_until_counted(flow, server.url)
        assert third.exit_code is None
        assert await third.stop() == 0

    asyncio.run(scenario())
    asyncio.run(check_all(flow, server.url))


@pytest.mark.timeout(400)
def test_a_service_that_was_thought_dead_adds_nothing(flow: Flow, database: str) -> None:
    async def scenario() -> None:
        flow.session_s = SHORT_SESSION_S
        await flow.create_topics()
        async with traffic(flow):
            zombie = start(flow, database)
            await has_all(flow, zombie)  # stopped amid taking over, it would take over from its heir when it wakes up
            zombie.signal(signal.SIGSTOP)
            await zombie.stands_still()
            heir = start(flow, database)
            await heir.says("going on at")
        await wait_until_counted(flow, database)
        async with traffic(flow):
            zombie.signal(signal.SIGCONT)
            await asyncio.sleep(1.0)
        await wait_until_counted(flow, database)
        assert heir.exit_code is None
        assert zombie.exit_code in (None, ExitCode.FENCED)

    asyncio.run(scenario())
    asyncio.run(check_all(flow, database))


def test_a_restarted_service_goes_on_where_it_was(flow: Flow, database: str) -> None:
    async def scenario() -> None:
        await flow.create_topics()
        await flow.produce(flow.place(random_log(1, 2_000, partitions=flow.partitions)))
        long_errors = [delivery("12:00", 500, error="x" * 60_000) for _ in range(150)]  # more than one fetch brings
        await flow.produce(flow.place(long_errors))
        first = start(flow, database)
        await wait_until_counted(flow, database)
        assert await first.stop() == 0
        await flow.produce(flow.place(random_log(2, 100, partitions=flow.partitions)))
        second = start(flow, database)
        await wait_until_counted(flow, database)
        assert "slo.webhook.v1[0]: reading on from" in second.log.replace(flow.prefix, "slo.")
        assert await second.stop() == 0

    asyncio.run(scenario())
    asyncio.run(check_all(flow, database))


def test_a_database_without_the_schema_is_refused(flow: Flow, empty_database: str) -> None:
    async def scenario() -> None:
        service = start(flow, empty_database)
        assert await service.end() == ExitCode.REFUSED
        assert "Run `slo-streams database migrate`" in service.log

    asyncio.run(scenario())


def test_a_database_that_stays_away_ends_the_service_with_69(flow: Flow) -> None:
    async def scenario() -> None:
        service = start(flow, "postgresql://nobody@127.0.0.1:1/none", SLO_BROKER_PATIENCE="1s")
        assert await service.end() == ExitCode.UNAVAILABLE
        assert "the database cannot be worked with" in service.log

    asyncio.run(scenario())


def test_a_database_that_is_away_is_waited_for_and_told(flow: Flow, server: EmbeddedPostgres) -> None:
    port = free_port()

    async def ready() -> str | None:
        """What stands in the way; None: nothing."""
        async with ClientSession() as client, client.get(f"http://127.0.0.1:{port}/ready") as answer:
            document = await answer.json()
            return str(document["reason"]) if answer.status == 503 else None

    async def is_waiting() -> bool:
        return "waiting for the database" in (await ready() or "")

    async def is_ready() -> bool:
        return await ready() is None

    async def scenario() -> None:
        await flow.create_topics()
        service = start(flow, server.url, SLO_HISTORY_PORT=str(port))
        await service.says("going on at")
        await wait_for(is_ready, 60, "the service to be ready", [service])
        async with traffic(flow):
            server.kill()
            await wait_for(is_waiting, 60, "the service to wait", [service])
            server.start()
            await wait_for(is_ready, 60, "the service to go on", [service])
        await wait_until_counted(flow, server.url)
        assert await service.stop() == 0

    asyncio.run(scenario())
    asyncio.run(check_all(flow, server.url))


AWAY_TIMES = 3
"""How often the patience of a service runs out before the database is back: twice would be ten minutes by default."""
MUCH = 30_000
MOST_MB = 64


async def check_counts(flow: Flow, url: str) -> None:
    """Hold what is counted, and nothing else, against a recount of the topics themselves."""
    log = [record for _, record in await flow.input_log() if record.topic in flow.topics.inputs]
    expected = recount(
        log,
        application=flow.application_id,
        partitions=flow.partitions,
        topics=flow.topics,
        lateness_ms=flow.lateness_ms,
    )
    assert stored_counts(url) == (table(expected.good), table(expected.bad))


async def peak_mb_at_end(service: WorkerProcess) -> float:
    """Wait until a service has ended; the most memory that it had."""
    peak_mb = 0.0

    async def has_ended() -> bool:
        nonlocal peak_mb
        if service.exit_code is not None:
            return True
        with suppress(FileNotFoundError):  # it has ended since
            peak_mb = usage(service.process.pid).peak_mb
        return False

    await wait_for(has_ended, 300, "history to end")
    return peak_mb


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_database_that_is_away_for_long_delays_history_alone(flow: Flow, server: EmbeddedPostgres) -> None:
    """Whoever supervises starts the service again; what comes meanwhile waits in Kafka, not in its memory."""

    async def scenario() -> None:
        await flow.create_topics()
        flow.start_worker()
        service = start(flow, server.url, SLO_BROKER_PATIENCE="10s")
        await has_all(flow, service)
        await flow.produce(flow.place(random_log(1, 2_000, partitions=flow.partitions)))
        await wait_until_counted(flow, server.url)
        before_mb = usage(service.process.pid).peak_mb
        server.kill()
        for number in range(AWAY_TIMES):
            ending = asyncio.create_task(peak_mb_at_end(service))
            many = random_log(2 + number, MUCH // AWAY_TIMES, partitions=flow.partitions)
            await flow.produce(flow.place(many), compression="lz4")
            assert await ending < before_mb + MOST_MB
            assert service.exit_code == ExitCode.UNAVAILABLE
            service = start(flow, server.url, SLO_BROKER_PATIENCE="10s")
        await flow.wait_until_read()  # the evaluator has judged all of it
        server.start()
        await wait_until_counted(flow, server.url)
        assert await service.stop() == 0
        assert (await flow.check()).all_alerts

    asyncio.run(scenario())
    asyncio.run(check_counts(flow, server.url))
