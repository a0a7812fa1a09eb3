"""The whole installation under random faults: two of each service, Kafka, PostgreSQL, and the network between.

Afterwards everything is recounted from the topics: alerts and the workers' state by the verdict of all faults; here the
month that history has counted, the budgets of the fleet, what was delivered, and, where events are of now, standings.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
import psycopg

from streams.database.connection import conninfo
from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.roles import Role
from streams.database.schema import shipped_migrations
from streams.evaluation.exclusions import Exclusions
from streams.exits import ExitCode
from streams.history.app_budgets import app_budgets
from streams.history.documents import budget_item
from streams.objectives import read_objectives
from tests.bench.usage import usage
from tests.database_fixture import KILLED
from tests.faults.scene import Scene
from tests.faults.soak import MOST_LAG, MOST_MEMORY_MB, PAUSE_S, PROCESS_FAULTS, WORLD_FAULTS, watch
from tests.faults.supervisor import EXPECTED_EXITS, Supervisor
from tests.history.naive import recount
from tests.history.test_law import check
from tests.history.test_service import offsets
from tests.model import Alert
from tests.notifier.channels.receivers import SECRET, WebhookReceiver
from tests.prober.servers import serving
from tests.waiting import wait_for

_SERVICES: Final = 2
_SETTLES_WITHIN_S: Final = 180.0
_ON_THE_WAY: Final = 64
"""Deliveries that a notifier may have sent without having it on record."""
_EXITS: Final = EXPECTED_EXITS | {ExitCode.UNAVAILABLE}


@dataclass
class _Whole:
    """What runs beside the workers."""

    scene: Scene
    database: EmbeddedPostgres
    history: Supervisor
    notifiers: Supervisor

    async def random_fault(self) -> None:
        """Of any process, either server, or the network."""
        rng = self.scene.rng
        everyone = (self.scene.workers, self.history, self.notifiers)
        faults: list[Callable[[], Awaitable[None]]] = [self._crash_database, self._stop_database, self._stop_broker]
        faults += [lambda fault=fault: fault(self.scene) for fault in WORLD_FAULTS]  # type: ignore[misc]
        faults += [
            lambda fault=fault, some=some: fault(replace(self.scene, workers=some))  # type: ignore[misc]
            for some in everyone
            for fault in PROCESS_FAULTS
        ]
        await rng.choice(faults)()

    async def _crash_database(self) -> None:
        self.database.kill()
        await asyncio.sleep(self._moment_s())
        self.database.start()

    async def _stop_database(self) -> None:
        with _standing_still(self.database.pid):
            await asyncio.sleep(self._moment_s())

    async def _stop_broker(self) -> None:
        [broker] = self.scene.ground.brokers
        with _standing_still(broker.pid):
            await asyncio.sleep(self._moment_s())

    def _moment_s(self) -> float:
        return self.scene.rng.uniform(0, 2 * self.scene.flow.session_s)


async def whole(scene: Scene) -> int:
    """One fault after the other for as long as asked for; then all is read, counted, delivered, and recounted."""
    receiver = WebhookReceiver()
    folder = scene.flow.folder / "database"
    with EmbeddedPostgres(folder, overrides=KILLED) as database:
        migrate(database.url, shipped_migrations())
        async with serving(receiver.handle) as url:
            settings = _settings(scene, database.url, url)
            history, notifiers = (
                Supervisor(scene.flow, _SERVICES, lambda: settings, command=command, exits=_EXITS)
                for command in ("history", "notifier")
            )
            all_of_it = _Whole(scene, database, history, notifiers)
            async with _kept(history, notifiers), _watched(scene, history, notifiers):
                for service in (history, notifiers):
                    await service.all_at_work()
                injected = await _soak(all_of_it)
                scene.traffic.end()
                await scene.traffic.over.wait()
                await scene.until_read()
                apps = await _check_month(scene, database.url)
                await _check_budgets(scene, database.url, apps)
                await _check_deliveries(scene, receiver)
                if scene.flow.clock == "live":
                    await _check_standings(scene)
                for service in (notifiers, history):
                    await service.stop()
            exits = history.exits + notifiers.exits
            _check_copies(scene, receiver, exits)
            scene.figures["ends of history and notifier"] = exits.total()
    memory_mb, lag = scene.figures["peak MB of a process"], scene.figures["most records behind"]
    assert memory_mb <= MOST_MEMORY_MB, f"a process took {memory_mb:.0f} MB"
    assert lag <= MOST_LAG, f"the workers were {lag:.0f} records behind"
    return injected


async def _soak(installation: _Whole) -> int:
    scene, injected = installation.scene, 0
    with suppress(TimeoutError):
        async with asyncio.timeout(scene.amounts.soak_s) as limit:
            until_s = limit.when()
            assert until_s is not None
            while asyncio.get_running_loop().time() < until_s - PAUSE_S:
                await installation.random_fault()
                injected += 1
                await asyncio.sleep(scene.rng.uniform(0, PAUSE_S))
    return injected


def _settings(scene: Scene, database_url: str, receiver_url: str) -> dict[str, str]:
    targets: Path = scene.flow.folder / "targets.yaml"
    entry = {"id": "all", "channel": "webhook", "address": f"{receiver_url}/", "secret": SECRET, "all": True}
    targets.write_bytes(orjson.dumps({"targets": [entry | {"events": ["BREACH", "RECOVERY"]}]}))
    return {
        "SLO_BOOTSTRAP_SERVERS": scene.ground.worker_servers,
        "SLO_DATABASE_URL": database_url,
        "SLO_HISTORY_PORT": "0",
        "SLO_HISTORY_FLUSH": "500ms",
        "SLO_NOTIFIER_PORT": "0",
        "SLO_TARGETS": str(targets),
        "SLO_NOTIFY_MAX_AGE": "3650d",  # the events of a generated log happened months ago
        "SLO_NOTIFY_ALLOW_PRIVATE": "true",
    }


@contextmanager
def _standing_still(pid: int | None) -> Iterator[None]:
    """A server and the processes that it has started, by SIGSTOP."""
    assert pid is not None
    stopped = [pid, *_children(pid)]
    for one in stopped:
        _signal(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in stopped:
            _signal(one, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


@asynccontextmanager
async def _kept(*services: Supervisor) -> Any:
    async with asyncio.TaskGroup() as tasks:
        keeping = [tasks.create_task(service.keep()) for service in services]
        yield
        for task in keeping:
            task.cancel()


@asynccontextmanager
async def _watched(scene: Scene, *services: Supervisor) -> Any:
    watching = asyncio.create_task(watch(scene))
    memory = asyncio.create_task(_watch_memory(scene, services))
    try:
        yield
    finally:
        watching.cancel()
        memory.cancel()


async def _watch_memory(scene: Scene, services: tuple[Supervisor, ...]) -> None:
    scene.figures["peak MB of a process"] = 0.0
    while True:
        for process in (one for service in services for one in service.running):
            with suppress(FileNotFoundError, KeyError):
                peak_mb = usage(process.process.pid).peak_mb
                scene.figures["peak MB of a process"] = max(scene.figures["peak MB of a process"], peak_mb)
        await asyncio.sleep(1)


async def _check_month(scene: Scene, url: str) -> set[str]:
    """What history has counted is what the topics hold; the apps that it has counted."""
    flow = scene.flow
    ends = await flow.end_offsets(flow.input_partitions)

    async def is_counted() -> bool:
        stored = await asyncio.to_thread(offsets, url)
        return all(stored.get((tp.topic, tp.partition), 0) >= end for tp, end in ends.items())

    await wait_for(is_counted, _SETTLES_WITHIN_S, "history to count everything", flow.workers[-4:])
    log = [record for _, record in await flow.input_log() if record.topic in flow.topics.inputs]
    expected = recount(log, application=flow.application_id, partitions=flow.partitions, topics=flow.topics)
    check(url, expected)
    scene.figures["events in the month"] = sum(
        count for counts in (expected.good, expected.bad) for one in counts.values() for count in one.values()
    )
    return {app for counts in (expected.good, expected.bad) for app, *_ in counts}


async def _check_budgets(scene: Scene, url: str, apps: set[str]) -> None:
    """The rows of the fleet are what the counts of each app come to."""
    settings, levels = scene.flow.settings, read_objectives().service_levels

    def rows() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        with psycopg.connect(conninfo(url, Role.WRITER, "test")) as connection:
            stored = connection.execute("select app_key, scope, slo, good, bad, covered_minutes from budget").fetchall()
            expected = [
                (app, one.scope, one.level.name, *(item[name] for name in ("goodCount", "badCount", "coveredMinutes")))
                for app in apps
                for one in app_budgets(connection, settings, app, levels, Exclusions())
                for item in [budget_item(one, is_breached=False)]
            ]
        return sorted(stored), sorted(expected)

    async def are_kept() -> bool:
        stored, expected = await asyncio.to_thread(rows)
        return bool(expected) and stored == expected

    await wait_for(are_kept, _SETTLES_WITHIN_S, "the budgets of the fleet", scene.flow.workers[-4:])


async def _check_standings(scene: Scene) -> None:
    """Whoever breached within these minutes has one episode, and is notified; nobody else is."""
    flow = scene.flow

    async def are_told() -> bool:
        published = [one for alerts in (await flow.alerts()).values() for one in alerts]
        newest = {
            (one.key or b"").decode(): orjson.loads(one.value or b"null")
            for one in await flow.read(flow.topics.standing)
        }
        stages = {app: standing["stage"] for app, standing in newest.items() if standing is not None}
        return bool(published) and stages == {one["appKey"]: "NOTIFIED" for one in published}

    await wait_for(are_told, _SETTLES_WITHIN_S, "every standing to be told", flow.workers[-4:])


async def _check_deliveries(scene: Scene, receiver: WebhookReceiver) -> None:
    """Each alert that was published has arrived."""

    async def all_arrived() -> bool:
        published = [one for alerts in (await scene.flow.alerts()).values() for one in alerts]
        return {*map(_told, published)} <= {*map(_told, map(orjson.loads, receiver.bodies))}

    await wait_for(all_arrived, _SETTLES_WITHIN_S, "every alert to be delivered", scene.flow.workers[-4:])


def _check_copies(scene: Scene, receiver: WebhookReceiver, exits: Counter[int]) -> None:
    """Nothing else was delivered, each copy is the same, and copies are of notifiers that ended or stood still."""
    times = Counter(receiver.ids)
    bodies = dict(zip(receiver.ids, receiver.bodies, strict=True))
    assert all(bodies[name] == body for name, body in zip(receiver.ids, receiver.bodies, strict=True))
    assert len({*map(_told, map(orjson.loads, bodies.values()))}) == len(bodies), "one alert is told under two ids"
    copies = times.total() - len(times)
    scene.figures |= {"alerts delivered": len(times), "delivered once more": copies}
    assert copies <= _ON_THE_WAY * (1 + exits.total()), f"{copies} were delivered once more"


def _told(alert: Alert) -> tuple[str, str]:
    data = alert.get("data", alert)
    return data["incidentId"], data["type"]
