"""Two notifiers at work, killed at random moments: nothing is lost, and every second copy has a death before it."""

import asyncio
import os
import random
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_string
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest

from streams.child.leash import leashed
from streams.notifier.claim import LEASE_S
from tests.notifier.mail_keeper import Kept, kept_in
from tests.notifier.mortal import TOPIC, Post
from tests.notifier.office import office
from tests.notifier.test_kills import ON_THE_WAY
from tests.waiting import wait_for

NOTIFIERS = 2
MANY = int(os.environ.get("KILLS", "100"))
WITHIN_S = 1.0
BEGIN_S = 120
SEED = 20_261_128
DUE = "select count(*) from slo.delivery where state = 'DUE'"
OVER = "update slo.delivery set lease_until = now() where lease_by = %s"
LOOK_AGAIN = "update slo.pause set until = now()"


class Town:
    """Who is at work, and who was killed when."""

    def __init__(self, mother: Process, database: psycopg.AsyncConnection[Any], post: Post) -> None:
        self.killed_s: dict[str, float] = {}
        self._mother = mother
        self._database = database
        self._post = post
        self._pids: asyncio.Queue[int] = asyncio.Queue()
        self._at_work: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._births = asyncio.Lock()

    async def listen(self) -> None:
        """Take in who was born, and who is at work."""
        assert self._mother.stdout is not None
        async for line in self._mother.stdout:
            word = line.decode().strip()
            if word.isdecimal():
                self._pids.put_nowait(int(word))
            else:
                self._at_work[word].set()

    async def kill(self, partition: int, times: int, chance: random.Random) -> None:
        """So many, one after the other, each some time after it is at work."""
        for number in range(times):
            post = replace(self._post, partition=partition, name=f"n{partition}-{number}")
            pid = await self._begin(post)
            async with asyncio.timeout(BEGIN_S):
                await self._at_work[post.address].wait()
            await asyncio.sleep(chance.uniform(0, WITHIN_S))
            self.killed_s[post.address] = time.monotonic()
            os.kill(pid, signal.SIGKILL)
            await self._bury(post.name, pid)

    async def _begin(self, post: Post) -> int:
        assert self._mother.stdin is not None
        async with self._births, asyncio.timeout(BEGIN_S):
            self._mother.stdin.write(orjson.dumps(post) + b"\n")
            return await self._pids.get()

    async def _bury(self, name: str, pid: int) -> None:
        """What it had claimed is due again: its lease is over, of which others wait for the end; and if it was the one
        who looked whether mails get through again, another does.
        """

        async def is_dead() -> bool:
            return not os.path.exists(f"/proc/{pid}")  # noqa: ASYNC240, PTH110  no disk is asked

        await wait_for(is_dead, 60, "it to be dead")
        await self._database.execute(OVER, [name])
        await self._database.execute(LOOK_AGAIN)


@asynccontextmanager
async def process(module: str, *arguments: str) -> AsyncIterator[Process]:
    """A program of the tests, which ends with them."""
    command = leashed([sys.executable, "-m", module, *arguments])
    made = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        yield made
    finally:
        made.kill()
        await made.wait()


def check(mails: Sequence[Kept], expected: Sequence[dict[str, Any]], killed_s: dict[str, float]) -> Counter[str]:
    """Each alert was told, in order, by the same bytes, again only after a death; how often after whose."""
    copies: dict[str, list[Kept]] = defaultdict(list)
    first: dict[tuple[str, str], int] = {}
    for number, one in enumerate(mails):
        mail = message_from_string(one.raw)
        copies[mail["Message-ID"]].append(one)
        first.setdefault((mail["X-SLO-Incident"], mail["X-SLO-Type"]), number)
    assert first.keys() == {(alert["incidentId"], alert["type"]) for alert in expected}
    assert all(first[incident, "BREACH"] < first[incident, kind] for incident, kind in first if kind == "RECOVERY")
    again: Counter[str] = Counter()
    for same in copies.values():
        assert len({one.raw for one in same}) == 1
        assert len({one.by for one in same}) == len(same)
        for before, after in pairwise(same):
            dead = min((before.by, after.by), key=lambda by: killed_s.get(by, inf))
            assert killed_s.get(dead, inf) < after.at_s
            again[dead] += 1
    return again


@pytest.mark.parametrize("kills", [20, pytest.param(MANY, marks=[pytest.mark.long, pytest.mark.timeout(7_200)])])
@pytest.mark.timeout(600)
def test_nothing_is_lost_whenever_they_are_killed(database: str, tmp_path: Path, kills: int) -> None:
    async def scenario() -> None:
        file = tmp_path / "mails"
        async with (
            process("tests.notifier.mail_keeper", str(file)) as keeper,
            process("tests.notifier.mortal") as mother,
            await psycopg.AsyncConnection.connect(database, autocommit=True) as connection,
        ):
            assert keeper.stdout is not None
            port = int(await keeper.stdout.readline())
            post = Post(database, port, 0, int(time.time()) // 60 * 60_000, "")
            town = Town(mother, connection, post)
            listening = asyncio.create_task(town.listen())
            async with asyncio.TaskGroup() as killing:
                for partition in range(NOTIFIERS):
                    chance = random.Random(SEED + partition)
                    killing.create_task(town.kill(partition, kills // NOTIFIERS, chance))
            listening.cancel()
            async with office(database, port) as one:
                for _ in range(10):
                    await one.pass_by(seconds=LEASE_S)
                    if one.select(DUE) == [(0,)]:
                        break
                offsets = one.select(f"select part, next from slo.sink_offset where topic = '{TOPIC}'")  # noqa: S608
                assert one.select("select distinct state from slo.delivery") == [("SENT",)]
        mails = kept_in(file)
        expected = [alert for part, end in offsets for alert in replace(post, partition=part).alerts(0, end)]
        assert len(town.killed_s) == kills
        assert town.killed_s.keys() <= {mail.by for mail in mails}
        again = check(mails, expected, town.killed_s)
        assert max(again.values(), default=0) <= ON_THE_WAY
        print(
            f"{kills} kills, {len(expected)} alerts, each told; {again.total()} second copies, after {len(again)} kills"
        )

    asyncio.run(scenario())
