"""The whole installation under random faults: every service, Kafka, PostgreSQL, and the network between.

Afterwards everything is recounted from the topics: alerts and the workers' state by the verdict of all faults; here the
month that history has counted, the budgets of the fleet, incidents, what was delivered, and, where events are of now,
standings, what gateways accepted and what probers found.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson
import psycopg
from aiohttp import web

from streams.dashboard.login.tokens import add_token
from streams.database.connection import conninfo
from streams.database.embedded import EmbeddedPostgres
from streams.database.migrate import migrate
from streams.database.roles import Role
from streams.database.schema import shipped_migrations
from streams.evaluation.exclusions import Exclusions
from streams.exits import ExitCode
from streams.history.app_budgets import app_budgets
from streams.history.counted_app import read_counted_app
from streams.history.documents import budget_item
from streams.objectives import read_objectives
from tests.database_fixture import KILLED
from tests.faults.callers import PROBE_EVERY_S, Caller, Probed, Reader
from tests.faults.causes import check_incidents
from tests.faults.flat import Flat
from tests.faults.scene import Scene
from tests.faults.soak import ENDS, PAUSE_S, PROCESS_FAULTS, WORLD_FAULTS
from tests.faults.supervisor import EXPECTED_EXITS, Supervisor
from tests.gateway.process import KEY, TOKEN
from tests.history.naive import table
from tests.history.sink import stored_late
from tests.history.test_law import check, check_counts
from tests.history.test_service import offsets, recounted
from tests.model import Alert
from tests.model.generate import MINUTE_MS
from tests.notifier.channels.receivers import SECRET, WebhookReceiver
from tests.ports import free_port
from tests.prober.servers import serving
from tests.waiting import wait_for

_SETTLES_WITHIN_S: Final = 180.0
_EXITS: Final = EXPECTED_EXITS | {ExitCode.UNAVAILABLE}
_NOTICED_WITHIN_S: Final = 1.0
"""An end is seen that long after it at most, or what it did before."""
_OPERATORS: Final = "operators"


class _Receiver(WebhookReceiver):
    """Notes when each message came, by the monotonic clock."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived_s: dict[str, list[float]] = {}

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        answer = super().answer(request, body)
        if answer.status < 300:
            self.arrived_s.setdefault(self.ids[-1], []).append(time.monotonic())
        return answer


@dataclass
class _Whole:
    """What runs beside the workers. `alone` are services of which each process has a place of its own.

    `disturbed_s` are the times at which something was wrong with the way from a notifier to what it has on record.
    """

    scene: Scene
    database: EmbeddedPostgres
    history: Supervisor
    notifiers: Supervisor
    probers: Supervisor | None
    alone: Sequence[Supervisor]
    disturbed_s: list[tuple[float, float]] = field(default_factory=list)

    @property
    def services(self) -> list[Supervisor]:
        """All of them, without the workers."""
        return [self.history, self.notifiers, *([] if self.probers is None else [self.probers]), *self.alone]

    async def random_fault(self) -> None:
        """Of any process, either server, or the network."""
        rng, scene = self.scene.rng, self.scene
        faults: list[Callable[[], Awaitable[None]]] = [self._crash_database, self._stop_database, self._stop_broker]
        faults += [lambda fault=fault: fault(scene) for fault in WORLD_FAULTS]  # type: ignore[misc]
        shared = [one for one in (scene.workers, self.history, self.notifiers, self.probers) if one is not None]
        which = [(some, PROCESS_FAULTS) for some in shared] + [(some, ENDS) for some in self.alone]
        faults += [lambda fault=fault, some=some: self._of(some, fault) for some, many in which for fault in many]  # type: ignore[misc]
        await rng.choice(faults)()

    async def _of(self, some: Supervisor, fault: Callable[[Scene], Awaitable[None]]) -> None:
        begun_s = time.monotonic()
        await fault(replace(self.scene, workers=some))
        if some is self.notifiers:
            self.disturbed_s.append((begun_s, time.monotonic()))

    async def _crash_database(self) -> None:
        begun_s = time.monotonic()
        self.database.kill()
        await asyncio.sleep(self._moment_s())
        self.database.start()
        self.disturbed_s.append((begun_s, time.monotonic()))

    async def _stop_database(self) -> None:
        begun_s = time.monotonic()
        with _standing_still(self.database.pid):
            await asyncio.sleep(self._moment_s())
        self.disturbed_s.append((begun_s, time.monotonic()))

    async def _stop_broker(self) -> None:
        [broker] = self.scene.ground.brokers
        with _standing_still(broker.pid):
            await asyncio.sleep(self._moment_s())

    def _moment_s(self) -> float:
        return self.scene.rng.uniform(0, 2 * self.scene.flow.session_s)


async def whole(scene: Scene) -> int:
    """One fault after the other for as long as asked for; then all is read, counted, delivered, and recounted."""
    flow, receiver, operators, probed = scene.flow, _Receiver(), _Receiver(), Probed()
    is_live = flow.clock == "live"
    async with AsyncExitStack() as stack:
        folder = flow.folder / "database"
        database = stack.enter_context(EmbeddedPostgres(folder, overrides=KILLED))
        migrate(database.url, shipped_migrations())
        urls = [await stack.enter_async_context(serving(one.handle)) for one in (receiver, operators)]
        settings = _settings(scene, database.url, urls)
        ports = [free_port() for _ in range(4)]

        def kept(command: str, size: int, **more: str) -> Supervisor:
            return Supervisor(flow, size, lambda: settings | more, command=command, exits=_EXITS)

        caller, reader = Caller(ports[:2]), Reader(ports[2:], _token(database.url))
        gateways = [kept("gateway", 1, SLO_GATEWAY_PORT=str(port)) for port in caller.ports if is_live]
        dashboards = [kept("dashboard", 1, SLO_DASHBOARD_PORT=str(port)) for port in reader.ports]
        all_of_it = _Whole(
            scene,
            database,
            kept("history", 2),
            kept("notifier", 2),
            kept("prober", 2) if is_live else None,
            [*gateways, *dashboards],
        )
        flat = Flat(flow, [scene.workers, *all_of_it.services])
        await stack.enter_async_context(_beside(*(service.keep() for service in all_of_it.services)))
        for service in (all_of_it.history, all_of_it.notifiers):
            await service.all_at_work()
        outside: list[Coroutine[Any, Any, None]] = [reader.read()]
        if is_live:
            await probed.announce(flow.settings, await stack.enter_async_context(serving(probed.handle)))
            outside.append(caller.call())
        async with _beside(flat.look(), *outside):
            injected = await _soak(all_of_it)
        if is_live:
            await probed.all_asked_again()
        scene.traffic.end()
        await scene.traffic.over.wait()
        for service in [*gateways, *([] if all_of_it.probers is None else [all_of_it.probers])]:
            await service.stop()
        if not is_live:  # what has begun ends, and is told
            await flow.produce(flow.closing_records(scene.traffic.now_ms + 5 * MINUTE_MS))
        await scene.until_read()
        apps = await _check_month(scene, database.url)
        await _check_budgets(scene, database.url, apps, reader)
        await _check_deliveries(scene, receiver)
        scene.figures |= await check_incidents(flow, database.url, operators, _OPERATORS)
        if is_live:
            await _check_standings(scene)
            scene.figures |= await caller.check(flow) | await probed.check(flow)
        for service in all_of_it.services:
            await service.stop()
        _check_copies(all_of_it, receiver)
        scene.figures["ends of services"] = sum(service.exits.total() for service in all_of_it.services)
        scene.figures["pages read"] = reader.answered
    scene.figures |= flat.judge()
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


def _token(url: str) -> str:
    with psycopg.connect(conninfo(url, Role.DESK, "test"), autocommit=True) as connection:
        token = add_token(connection, "soak", None, None)
    assert token is not None
    return token


def _settings(scene: Scene, database_url: str, receiver_urls: Sequence[str]) -> dict[str, str]:
    targets: Path = scene.flow.folder / "targets.yaml"
    alerts, operators = ({"channel": "webhook", "address": f"{url}/", "secret": SECRET} for url in receiver_urls)
    entries = [
        {"id": "all", "all": True, "events": ["BREACH", "RECOVERY"], **alerts},
        {"id": _OPERATORS, "role": "operators", **operators},
    ]
    targets.write_bytes(orjson.dumps({"targets": entries}))
    return {
        "SLO_BOOTSTRAP_SERVERS": scene.ground.worker_servers,
        "SLO_DATABASE_URL": database_url,
        "SLO_HISTORY_PORT": "0",
        "SLO_HISTORY_FLUSH": "500ms",
        "SLO_NOTIFIER_PORT": "0",
        "SLO_TARGETS": str(targets),
        "SLO_NOTIFY_MAX_AGE": "3650d",  # the events of a generated log happened months ago
        "SLO_NOTIFY_ALLOW_PRIVATE": "true",
        "SLO_INSTALLATION_KEYS": KEY,
        "SLO_SERVICE_TOKENS": f"tests:{TOKEN}",
        "SLO_GATEWAY_HEALTH_PORT": "0",
        "SLO_PROBER_ALLOW_PRIVATE": "true",
        "SLO_PROBER_INTERVAL": f"{PROBE_EVERY_S}s",
        "SLO_PROBER_HEALTH_PORT": "0",
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
async def _beside(*watches: Coroutine[Any, Any, None]) -> Any:
    """What goes on while the block runs, and ends it with an error of its own."""
    async with asyncio.TaskGroup() as tasks:
        going_on = [tasks.create_task(watch) for watch in watches]
        yield
        for task in going_on:
            task.cancel()


async def _check_month(scene: Scene, url: str) -> set[str]:
    """What history has counted is what the topics hold, late events among it; the apps that it has counted.

    Under the live clock how many are late depends on when they were read: at most those that were when they came.
    """
    flow = scene.flow
    ends = await flow.end_offsets(flow.input_partitions)

    async def is_counted() -> bool:
        stored = await asyncio.to_thread(offsets, url)
        return all(stored.get((tp.topic, tp.partition), 0) >= end for tp, end in ends.items())

    await wait_for(is_counted, _SETTLES_WITHIN_S, "history to count everything", flow.workers[-4:])
    expected = await recounted(flow)
    late = stored_late(url)
    if flow.clock == "live":
        check_counts(url, expected)
        overdue = table(expected.overdue)
        assert all(count <= overdue.get(place, 0) for place, count in late.items())
    else:
        check(url, expected)
    scene.figures["late events in the month"] = sum(late.values())
    scene.figures["events in the month"] = sum(
        count for counts in (expected.good, expected.bad) for one in counts.values() for count in one.values()
    )
    return {app for counts in (expected.good, expected.bad) for app, *_ in counts}


async def _check_budgets(scene: Scene, url: str, apps: set[str], reader: Reader) -> None:
    """The rows of the fleet are what the counts of each app come to, and every dashboard shows them."""
    settings = scene.flow.settings.model_copy(update={"allowed_lateness": scene.flow.lateness_ms})
    levels = read_objectives(scene.flow.objectives_file).service_levels

    def rows() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        with psycopg.connect(conninfo(url, Role.WRITER, "test")) as connection:
            stored = connection.execute("select app_key, scope, slo, good, bad, covered_minutes from budget").fetchall()
            expected = [
                (app, one.scope, one.level.name, *(item[name] for name in ("goodCount", "badCount", "coveredMinutes")))
                for app in apps
                for one in app_budgets(read_counted_app(connection, settings, app), levels, Exclusions())
                for item in [budget_item(one, is_breached=False)]
            ]
        return sorted(stored), sorted(expected)

    async def are_kept() -> bool:
        stored, expected = await asyncio.to_thread(rows)
        return bool(expected) and stored == expected

    await wait_for(are_kept, _SETTLES_WITHIN_S, "the budgets of the fleet", scene.flow.workers[-4:])
    stored, _ = await asyncio.to_thread(rows)
    assert reader.answered, "no page was ever answered: that proves nothing"
    for port in reader.ports:
        assert await reader.budgets(port) == stored


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


def _check_copies(installation: _Whole, receiver: _Receiver) -> None:
    """Nothing else was delivered, each copy is the same, and between two copies something was wrong."""
    bodies = dict(zip(receiver.ids, receiver.bodies, strict=True))
    assert all(bodies[name] == body for name, body in zip(receiver.ids, receiver.bodies, strict=True))
    assert len({*map(_told, map(orjson.loads, bodies.values()))}) == len(bodies), "one alert is told under two ids"
    disturbed_s = [*installation.disturbed_s, *((at_s, at_s) for at_s in installation.notifiers.ended_s)]
    copies = [pair for arrived_s in receiver.arrived_s.values() for pair in pairwise(arrived_s)]
    unexplained = [
        (first_s, again_s)
        for first_s, again_s in copies
        if not any(begin_s <= again_s + _NOTICED_WITHIN_S and first_s <= end_s for begin_s, end_s in disturbed_s)
    ]
    assert unexplained == [], "delivered once more, though no notifier died and the database was there"
    installation.scene.figures |= {"alerts delivered": len(bodies), "delivered once more": len(copies)}


def _told(alert: Alert) -> tuple[str, str]:
    data = alert.get("data", alert)
    return data["incidentId"], data["type"]
