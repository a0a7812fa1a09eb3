"""Probers on a real catalogue: it changes while they run, and they share it without checking anything twice."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

import orjson
import pytest
from aiohttp import web

from schemas.apps import App
from streams.client.producer import acknowledged_producer
from streams.kafka.topic_setup import prepare_topics
from streams.names import AVAILABILITY
from streams.prober.probing import catalogue_prober
from streams.registry.write import write
from streams.settings import Settings
from tests.cli.test_kafka_commands import environment, settings
from tests.e2e.flow import Flow
from tests.prober.servers import serving
from tests.registry.test_apps import app
from tests.waiting import wait_for

__all__ = ["settings"]

APPS: Final = 24
INTERVAL_S: Final = 2.0
LIMIT_S: Final = 90


class Visits:
    """A web server that notes who came when, by the clock of this process."""

    def __init__(self) -> None:
        self.base = ""
        self.times_s: dict[str, list[float]] = defaultdict(list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.times_s[request.path].append(asyncio.get_running_loop().time())
        return web.Response()

    def app(self, number: int, *paths: str) -> App:
        """An app that is probed here."""
        urls = [self.base + path for path in paths or (f"/{number}",)]
        return app(f"com.example.app-{number}", healthcheckUrls=urls)

    async def all_come(self, paths: list[str]) -> None:
        """Wait until each has been visited from now on."""
        before = {path: len(self.times_s[path]) for path in paths}

        async def came() -> bool:
            return all(len(self.times_s[path]) > count for path, count in before.items())

        await wait_for(came, LIMIT_S, "all URLs to be checked")


@asynccontextmanager
async def visits() -> AsyncIterator[Visits]:
    found = Visits()
    async with serving(found.handle) as base:
        found.base = base
        yield found


class Probers:
    """Running `slo-streams prober` of one group."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._environment = {
            **os.environ,
            **environment(settings),
            "SLO_PROBER_ALLOW_PRIVATE": "true",
            "SLO_PROBER_INTERVAL": f"{INTERVAL_S:g}s",
            "SLO_SESSION_TIMEOUT": "6s",
        }
        self._folder = folder
        self.running: list[Process] = []

    async def start(self) -> Process:
        with (self._folder / f"prober-{len(self.running)}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "streams.cli", "prober", env=self._environment, stdout=DEVNULL, stderr=log
            )
        self.running.append(process)
        return process

    def log(self, number: int) -> str:
        return (self._folder / f"prober-{number}.log").read_text()

    async def has_joined(self, number: int, condition: Callable[[str], bool]) -> None:
        async def joined() -> bool:
            return condition(self.log(number))

        await wait_for(joined, LIMIT_S, f"prober {number}")

    async def end(self) -> None:
        for process in self.running:
            if process.returncode is None:
                process.kill()
                await process.wait()


@asynccontextmanager
async def scene(settings: Settings, folder: Path) -> AsyncIterator[tuple[Visits, Probers]]:
    await prepare_topics(settings)
    async with AsyncExitStack() as stack:
        found = await stack.enter_async_context(visits())
        probers = Probers(settings, folder)
        stack.push_async_callback(probers.end)
        yield found, probers


async def put(settings: Settings, *apps: App) -> None:
    await write(settings, settings.topics.apps, {one.app_key: one for one in apps})


@pytest.mark.timeout(240)
def test_apps_and_urls_come_and_go_while_it_runs(settings: Settings) -> None:
    settings = settings.model_copy(update={"prober_allow_private": True, "prober_interval": 500})

    async def scenario() -> None:
        await prepare_topics(settings)
        async with visits() as found, acknowledged_producer(settings) as producer:
            await put(settings, found.app(1, "/1", "/old"), found.app(2))
            async with catalogue_prober(settings, producer) as prober:
                running = asyncio.create_task(prober.run())
                await found.all_come(["/1", "/old", "/2"])
                await put(settings, found.app(1, "/1", "/new"), found.app(3))
                await write(settings, settings.topics.apps, {"com.example.app-2": None})
                await found.all_come(["/new", "/3"])

                async def is_followed() -> bool:
                    return len(prober) == 3

                await wait_for(is_followed, LIMIT_S, "the removal to be followed")
                gone = {path: len(found.times_s[path]) for path in ("/old", "/2")}
                await found.all_come(["/1", "/new", "/3"])
                await found.all_come(["/1", "/new", "/3"])
                prober.stop()
                await running
            # One more at most: it was under way when its URL went.
            assert all(len(found.times_s[path]) <= count + 1 for path, count in gone.items())

    asyncio.run(scenario())


@pytest.mark.timeout(400)
def test_probers_share_the_urls_and_check_none_twice(settings: Settings, tmp_path: Path) -> None:
    """Also when one comes, when one stands still and wakes after its share was given away, and when one ends."""

    async def scenario() -> None:
        async with scene(settings, tmp_path) as (found, probers):
            await put(settings, *(found.app(number) for number in range(APPS)))
            paths = [f"/{number}" for number in range(APPS)]
            first = await probers.start()
            await found.all_come(paths)

            await probers.start()
            await probers.has_joined(1, lambda log: "for this member: [0" in log or "for this member: [1" in log)
            await found.all_come(paths)

            first.send_signal(signal.SIGSTOP)
            await probers.has_joined(1, lambda log: "for this member: [0, 1]" in log)
            await found.all_come(paths)
            first.send_signal(signal.SIGCONT)
            await probers.has_joined(0, lambda log: log.count("for this member: [") >= 3)
            await found.all_come(paths)

            first.terminate()
            assert await first.wait() == 0
            await found.all_come(paths)
        # Two that took a URL for their own would come at its moment, both; one may be late by half an interval.
        assert await shortest_gap_s() > INTERVAL_S / 5

    async def shortest_gap_s() -> float:
        """Between the beginnings of two checks of one URL, whenever this process had time to answer them."""
        flow = Flow(settings.bootstrap_servers, settings.topic_prefix, tmp_path, partitions=settings.partitions)
        began_ms: dict[str, list[int]] = defaultdict(list)
        for record in await flow.read(settings.topics.input(AVAILABILITY)):
            check = orjson.loads(record.value)
            began_ms[check["baseUrl"]].append(check["time"])
        assert len(began_ms) == APPS
        return min(later - earlier for times in began_ms.values() for earlier, later in pairwise(sorted(times))) / 1_000

    asyncio.run(scenario())
