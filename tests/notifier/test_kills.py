"""A notifier that is killed, or thought dead, loses nothing, and sends again only what was on its way."""

import asyncio
import sys
from collections import Counter, defaultdict

import pytest

from tests.notifier.clerk import LEASE_S
from tests.notifier.mail_server import MailServer, mail_server
from tests.notifier.office import breach, office, recovery

APPS = 50
ON_THE_WAY = 64


async def clerk(url: str, server: MailServer, step: str, nth: int) -> int | None:
    """Run one in a process of its own; its exit status."""
    command = [sys.executable, "-m", "tests.notifier.clerk", url, str(server.port), step, str(nth)]
    process = await asyncio.create_subprocess_exec(*command)
    return await process.wait()


def check(server: MailServer) -> None:
    """Every breach and recovery arrived, in order, each copy with the same bytes; few came twice."""
    order: dict[str, list[str]] = defaultdict(list)
    bytes_of: dict[str, set[bytes]] = defaultdict(set)
    for one in server.received:
        order[str(one.mail["X-SLO-Incident"])].append(str(one.mail["X-SLO-Type"]))
        bytes_of[str(one.mail["Message-ID"])].add(one.raw)
    assert len(order) == APPS
    assert all(kinds == sorted(kinds) and set(kinds) == {"BREACH", "RECOVERY"} for kinds in order.values())
    assert all(len(copies) == 1 for copies in bytes_of.values())
    copies = Counter(str(one.mail["Message-ID"]) for one in server.received)
    assert sum(count - 1 for count in copies.values()) <= ON_THE_WAY


@pytest.mark.parametrize(("step", "nth"), [("claim", 1), ("send", 9), ("sent", 12), ("record", 1)])
def test_killed_at_any_step(database: str, step: str, nth: int) -> None:
    async def scenario() -> None:
        async with mail_server() as server, office(database, server.port) as one:
            alerts = [breach(f"app-{i}", at_ms=await one.now_ms()) for i in range(APPS)]
            await one.take_in(*alerts, *map(recovery, alerts))
            assert await clerk(database, server, step, nth) == -9
            before = len(server.received)
            assert before < 2 * APPS
            await one.pass_by(seconds=LEASE_S)
            check(server)
            assert set(one.states()) == {("BREACH", "SENT", None), ("RECOVERY", "SENT", None)}

    asyncio.run(scenario())


def test_two_at_once_send_each_once(database: str) -> None:
    async def scenario() -> None:
        async with mail_server() as server, office(database, server.port) as one, office(database, server.port) as two:
            alerts = [breach(f"app-{i}", at_ms=await one.now_ms()) for i in range(APPS)]
            await one.take_in(*alerts, *map(recovery, alerts))
            async with asyncio.TaskGroup() as both:
                both.create_task(one.work(200))
                both.create_task(two.work(200))
            check(server)
            assert len(server.received) == 2 * APPS

    asyncio.run(scenario())


def test_who_comes_too_late_records_nothing(database: str) -> None:
    """Its lease ran out while it stood still, another sent the same, and what it says of that does not count."""

    async def scenario() -> None:
        async with (
            mail_server() as server,
            office(database, server.port) as zombie,
            office(database, server.port) as heir,
        ):
            await zombie.take_in(breach(at_ms=await zombie.now_ms()))
            wait = asyncio.Event()
            send = zombie.courier.channel.send

            async def slow_send(*message: object) -> object:
                await wait.wait()
                return await send(*message)  # type: ignore[arg-type]

            zombie.courier.channel.send = slow_send  # type: ignore[method-assign, assignment]
            await zombie.courier.turn()
            await heir.pass_by(minutes=2)
            [(sent_at,)] = heir.select("select sent_at from slo.delivery")
            wait.set()
            while await zombie.courier.turn():
                pass
            assert heir.select("select state, sent_at, attempts from slo.delivery") == [("SENT", sent_at, 2)]
            assert len(server.received) == 2
            assert server.received[0].raw == server.received[1].raw
            assert heir.select("select count(*) from slo.delivery_attempt") == [(1,)]

    asyncio.run(scenario())
