"""Case: what each service of one installation costs: at rest, for what it does, and in memory.

Real processes on one Kafka and one PostgreSQL, nothing else at work than what is measured: first all of them rest, then
events come, then alerts, then calls to the gateway, pages of the dashboard, and checks of the prober.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import httpx2
import psycopg

from schemas.apps import App
from streams.broker.probe import free_port
from streams.dashboard.login.tokens import add_token
from streams.database.connection import conninfo
from streams.database.roles import Role
from streams.names import AVAILABILITY, WEBHOOK
from streams.registry.write import write
from streams.run.service_process import service_process
from tests.bench.case import PARTITIONS, BrokenError, Reading, Stage
from tests.bench.healthy_server import serving_in_a_process
from tests.bench.load import SPAN_MS, Load, produce
from tests.bench.notifier import (
    AT_REST,
    RECORDED,
    Office,
    breaches,
    fill_catalogue,
    mail_box,
    mail_settings,
    office,
    producing,
    publish,
    until,
)
from tests.bench.topics import ends
from tests.bench.usage import Usage, tree_usage
from tests.gateway.process import KEY, SERVICE, TOKEN

IDLE: Final = "at rest, % of a core"
PEAK: Final = "peak memory, MB"
COST: Final = "CPU s per unit"
UNITS: Final = {
    "worker": "million events",
    "history": "million events",
    "PostgreSQL": "million events",
    "Kafka": "million events",
    "notifier": "1,000 alerts, mailed",
    "gateway": "1,000 events, one a call",
    "dashboard": "1,000 pages of 100 budgets",
    "prober": "1,000 checks",
}
"""What the CPU time of each is told for."""

_LOAD: Final = Load(200_000, apps=1_000, span_ms=SPAN_MS, failed_share=0.001)
_ALERTS: Final = 1_000
_CALLS: Final = 1_000
_PAGES: Final = 200
_URLS: Final = 500
_PROBE_EVERY_S: Final = 10
_PROBE_S: Final = 30.0
_REST_S: Final = 20.0
_COUNTED: Final = "select coalesce(sum(good + bad), 0) from slo.all_sums"


def part_of(service: str) -> str:
    """The part of the results that speaks of a service."""
    return f"service: {service}"


class Services:
    """One installation a round."""

    async def prepare(self, stage: Stage) -> None:
        """Nothing outlasts a round."""

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """One reading, of all of them."""
        async with _installation(stage, f"services-{round_number}") as one:
            yield await one.measured()


@dataclass
class _Installation:
    """All services at work; `pids` are of their processes and of both servers."""

    stage: Stage
    office: Office
    ports: Mapping[str, int]
    pids: Mapping[str, int]
    mails: Callable[[], int]

    async def measured(self) -> Reading:
        """Everything, one after the other."""
        reading: Reading = {}
        before = self._usage()
        await asyncio.sleep(_REST_S)
        for name, idle_s in self._since(before).items():
            reading[part_of(name), IDLE] = 100 * idle_s / _REST_S
        steps: tuple[tuple[tuple[str, ...], float, Callable[[], Awaitable[None]]], ...] = (
            (("worker", "history", "PostgreSQL", "Kafka"), _LOAD.events / 1e6, self._events),
            (("notifier",), _ALERTS / 1_000, self._alerts),
            (("gateway",), _CALLS / 1_000, self._calls),
            (("dashboard",), _PAGES / 1_000, self._pages),
        )
        for names, units, work in steps:
            before = self._usage()
            await work()
            spent = self._since(before)
            for name in names:
                reading[part_of(name), COST] = spent[name] / units
        before = self._usage()
        checks = await self._checks()
        reading[part_of("prober"), COST] = self._since(before)["prober"] / (checks / 1_000)
        for name, usage in self._usage().items():
            reading[part_of(name), PEAK] = usage.peak_mb
        return reading

    def _usage(self) -> dict[str, Usage]:
        return {name: tree_usage(pid) for name, pid in self.pids.items()}

    def _since(self, before: Mapping[str, Usage]) -> dict[str, float]:
        return {name: now.cpu_s - before[name].cpu_s for name, now in self._usage().items()}

    async def _events(self) -> None:
        """Judged and counted."""
        settings = self.office.settings
        load = replace(_LOAD, start_ms=int(time.time() * 1_000) - SPAN_MS)  # older ones count in no month
        async with producing(settings) as producer:
            await produce(producer, settings.topics.input(WEBHOOK), PARTITIONS, load.records())
        await until(lambda: self.office.count(_COUNTED) >= _LOAD.events, f"{_LOAD.events:,} events to be counted")

    async def _alerts(self) -> None:
        """Taken in, mailed and recorded."""
        settings, before = self.office.settings, self.office.count(RECORDED)
        now_ms = int(time.time()) // 60 * 60_000
        apps = [f"com.acme.app-{number}" for number in range(_ALERTS)]
        async with producing(settings) as producer:
            await publish(producer, settings, breaches(settings, apps, now_ms, "page"))
        await until(lambda: self.office.count(RECORDED) >= before + _ALERTS, f"{_ALERTS:,} alerts to be mailed")

    async def _calls(self) -> None:
        """An event each, answered when Kafka has it."""
        url = f"http://127.0.0.1:{self.ports['gateway']}/events/webhook"
        headers = {**SERVICE, "Content-Type": "application/json"}
        now_ms = int(time.time() * 1_000)
        body = next(iter(replace(_LOAD, start_ms=now_ms, events=1).records())).value
        async with httpx2.AsyncClient(timeout=60, headers=headers) as client:

            async def some() -> None:
                for _ in range(_CALLS // 20):
                    answer = await client.post(url, content=body)
                    if answer.status_code != 200:
                        raise BrokenError(f"the gateway answered {answer.status_code}: {answer.text}")

            await asyncio.gather(*(some() for _ in range(20)))

    async def _pages(self) -> None:
        """Budgets of the fleet, a hundred at a time."""
        with psycopg.connect(conninfo(self.office.server.url, Role.DESK, "bench"), autocommit=True) as connection:
            token = add_token(connection, f"bench-{time.time_ns()}", None, None)
        url = f"http://127.0.0.1:{self.ports['dashboard']}/api/v1/budgets"
        async with httpx2.AsyncClient(timeout=60, headers={"Authorization": f"Bearer {token}"}) as client:
            for _ in range(_PAGES):
                answer = await client.get(url, params={"limit": 100})
                if answer.status_code != 200 or len(answer.json()["items"]) != 100:
                    raise BrokenError(f"the dashboard answered {answer.status_code}: {answer.text[:300]}")

    async def _checks(self) -> int:
        """How many were made of URLs that are in the catalogue for a while."""
        settings = self.office.settings
        topic = settings.topics.input(AVAILABILITY)
        before = sum((await ends(settings.bootstrap_servers, topic, PARTITIONS)).values())
        with serving_in_a_process() as base:
            app = {
                "appKey": "com.acme.probed",
                "name": "Probed",
                "partnerName": "Acme",
                "email": "sre@acme.example",
                "healthcheckUrls": [f"{base}/{number}" for number in range(_URLS)],
                "excludedClientKeys": [],
            }
            await write(settings, settings.topics.apps, {"com.acme.probed": App.model_validate(app)})
            await asyncio.sleep(_PROBE_S)
            after = sum((await ends(settings.bootstrap_servers, topic, PARTITIONS)).values())
        if after - before < _URLS:
            raise BrokenError(f"{after - before} checks of {_URLS} URLs in {_PROBE_S:.0f} s")
        return after - before


@asynccontextmanager
async def _installation(stage: Stage, name: str) -> AsyncIterator[_Installation]:
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(office(stage, name))
        box = await stack.enter_async_context(mail_box(stage, name))
        ports = {service: free_port() for service in ("gateway", "dashboard")}
        environment = {
            **place.environment,
            **mail_settings(box),
            "SLO_HEALTH_PORT": "0",
            "SLO_HISTORY_PORT": "0",
            "SLO_GATEWAY_PORT": str(ports["gateway"]),
            "SLO_GATEWAY_HEALTH_PORT": "0",
            "SLO_GATEWAY_RATE": "1000000",
            "SLO_GATEWAY_BURST": "1000000",
            "SLO_INSTALLATION_KEYS": KEY,
            "SLO_SERVICE_TOKENS": f"tests:{TOKEN}",
            "SLO_DASHBOARD_PORT": str(ports["dashboard"]),
            "SLO_PROBER_HEALTH_PORT": "0",
            "SLO_PROBER_ALLOW_PRIVATE": "true",
            "SLO_PROBER_INTERVAL": f"{_PROBE_EVERY_S}s",
        }
        async with producing(place.settings) as producer:
            apps = [f"com.acme.app-{number}" for number in range(_ALERTS)]
            await fill_catalogue(producer, place.settings, apps)
        pids: dict[str, int] = {}
        logs: dict[str, Path] = {}
        for service in ("worker", "history", "notifier", "gateway", "dashboard", "prober"):
            logs[service] = stage.folder / f"{name}-{service}.log"
            process = await stack.enter_async_context(service_process(service, environment, logs[service]))
            pids[service] = process.pid
        for service in ("worker", "history", "notifier"):
            await until(lambda log=logs[service]: AT_REST in log.read_text(), f"{service}: {AT_REST}")  # type: ignore[misc]
        for service, path in (("gateway", "/openapi.json"), ("dashboard", "/ready")):
            await until(lambda url=f"http://127.0.0.1:{ports[service]}{path}": _answers(url), f"the {service}")  # type: ignore[misc]
        assert place.server.pid is not None
        assert stage.kafka.pid is not None
        pids |= {"PostgreSQL": place.server.pid, "Kafka": stage.kafka.pid}
        yield _Installation(stage, place, ports, pids, lambda: box.mails)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False
