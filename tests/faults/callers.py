"""Who uses the installation from outside while it is under faults: they call gateways, are probed, look at pages."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import orjson

from schemas.apps import App
from streams.names import AVAILABILITY, WEBHOOK
from streams.registry.write import write
from streams.settings import Settings
from tests.e2e.flow import Flow
from tests.gateway.process import SERVICE
from tests.model.build import ORDINARY
from tests.waiting import wait_for

PROBE_EVERY_S: Final = 5
_CALL_EVERY_S: Final = 0.2
_TIMEOUT: Final = aiohttp.ClientTimeout(total=30)
_CALLER: Final = "com.example.caller"
_PROBED_APPS: Final = 3
_URLS_OF_ONE: Final = 4
_LINES: Final = {**SERVICE, "Content-Type": "application/json"}
_UNSURE: Final = frozenset({429, 503, 504})
"""What a gateway answers while Kafka is away or slow: the event may be there, or not."""


@dataclass
class Caller:
    """Sends an event a call to one gateway or the other. `sure` are those that were accepted, of `tried`."""

    ports: Sequence[int]
    tried: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)

    async def call(self) -> None:
        """Until cancelled; an event is never sent again, as nobody knows of one without an answer.

        Raises:
            AssertionError: an answer that no fault explains.
        """
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            while True:
                for port in self.ports:
                    await self._call(session, port, f"call-{len(self.tried)}-")
                    await asyncio.sleep(_CALL_EVERY_S)

    async def _call(self, session: aiohttp.ClientSession, port: int, name: str) -> None:
        self.tried.add(name)
        now_ms = time.time_ns() // 1_000_000
        event = {"appKey": _CALLER, "time": now_ms, **ORDINARY[WEBHOOK.id], "statusCode": 204, "traceId": name}
        url = f"http://127.0.0.1:{port}/events/webhook"
        try:
            async with session.post(url, data=orjson.dumps(event), headers=_LINES) as response:
                answer = await response.read()
                if response.status == 200:
                    self.sure.add(name)
                else:
                    assert response.status in _UNSURE, (response.status, answer)
        except (aiohttp.ClientError, TimeoutError):
            pass

    async def check(self, flow: Flow) -> dict[str, float]:
        """Whatever was accepted is there once, and nothing twice; the figures.

        Raises:
            AssertionError: it is not so.
        """
        there = Counter[str]()
        for record in await flow.read(flow.topics.input(WEBHOOK)):
            if record.key == _CALLER.encode():
                there[orjson.loads(record.value)["traceId"]] += 1
        assert self.sure, "no gateway ever answered: that proves nothing"
        assert not self.sure - there.keys(), f"accepted and lost: {sorted(self.sure - there.keys())[:5]}"
        assert not there.keys() - self.tried
        assert max(there.values()) == 1, there.most_common(5)
        return {"calls to gateways": len(self.tried), "of them accepted": len(self.sure)}


@dataclass
class Probed:
    """Apps whose every URL is well all the time, and how often each was asked."""

    asked: Counter[str] = field(default_factory=Counter)

    async def handle(self, request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        """200 at once."""
        self.asked[request.path] += 1
        return aiohttp.web.Response()

    async def announce(self, settings: Settings, base: str) -> None:
        """Put them into the catalogue."""
        apps: dict[str, App | None] = {}
        for number in range(_PROBED_APPS):
            name = f"com.example.probed-{number}"
            fields = {
                "appKey": name,
                "name": f"Probed {number}",
                "partnerName": "Example",
                "email": "sre@example.com",
                "healthcheckUrls": [f"{base}/{number}/{url}" for url in range(_URLS_OF_ONE)],
                "excludedClientKeys": [],
            }
            apps[name] = App.model_validate(fields)
        await write(settings, settings.topics.apps, apps)

    async def all_asked_again(self) -> None:
        """Wait until every URL is asked once more."""
        before = self.asked.copy()

        async def are_asked() -> bool:
            return len(self.asked) == _PROBED_APPS * _URLS_OF_ONE and all(
                self.asked[path] > before[path] for path in self.asked
            )

        await wait_for(are_asked, 60, "every URL to be checked again")

    async def check(self, flow: Flow) -> dict[str, float]:
        """No check was counted as a bad one, whatever happened to the prober; the figures.

        Raises:
            AssertionError: one was, or a result is of no check.
        """
        results = [orjson.loads(one.value) for one in await flow.read(flow.topics.input(AVAILABILITY))]
        assert [one for one in results if one["statusCode"] != 200] == []
        assert len(results) <= self.asked.total()
        return {"checks of the prober": len(results)}


@dataclass
class Reader:
    """Looks at the fleet in one dashboard after the other."""

    ports: Sequence[int]
    token: str
    answered: int = 0

    async def read(self) -> None:
        """Until cancelled.

        Raises:
            AssertionError: an answer that no fault explains.
        """
        async with self._session() as session:
            while True:
                for port in self.ports:
                    with suppress(aiohttp.ClientError, TimeoutError):
                        await self._page(session, port, None)
                    await asyncio.sleep(_CALL_EVERY_S)

    async def budgets(self, port: int) -> list[tuple[Any, ...]]:
        """All budgets as one dashboard has them, sorted."""
        found: list[tuple[Any, ...]] = []
        cursor: str | None = None
        async with self._session() as session:
            while True:
                page = await self._page(session, port, cursor)
                assert page is not None
                names = ("appKey", "scope", "slo", "goodCount", "badCount", "coveredMinutes")
                found += [tuple(item[name] for name in names) for item in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    return sorted(found)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session:
            yield session

    async def _page(self, session: aiohttp.ClientSession, port: int, cursor: str | None) -> Any:
        """A page, or None while the database is away."""
        params = {} if cursor is None else {"cursor": cursor}
        async with session.get(f"http://127.0.0.1:{port}/api/v1/budgets", params=params) as response:
            answer = await response.read()
            assert response.status in (200, 503), (response.status, answer)
            if response.status == 503:
                return None
            self.answered += 1
            return orjson.loads(answer)
