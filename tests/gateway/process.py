"""A running `slo-streams gateway`, and the settings of an installation of the product that it belongs to."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from streams.gateway.register import store
from streams.gateway.settings import GatewaySettings
from streams.gateway.vault import Vault
from tests.e2e.flow import WorkerProcess
from tests.gateway.signing import SECRET, authorization, publish_path
from tests.ports import free_port
from tests.waiting import wait_for

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
TOKEN = "a-token-of-a-service-in-tests"  # noqa: S105
SERVICE = {"Authorization": f"Bearer {TOKEN}"}


def settings_of(servers: str, prefix: str, **more: str) -> dict[str, str]:
    """The environment of a gateway and of the command that manages its installations."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SLO_")}
    return {
        **clean,
        "TERM": "dumb",
        "SLO_BOOTSTRAP_SERVERS": servers,
        "SLO_TOPIC_PREFIX": prefix,
        "SLO_PARTITIONS": "4",
        "SLO_REPLICATION_FACTOR": "1",
        "SLO_INSTALLATION_KEYS": KEY,
        "SLO_SERVICE_TOKENS": f"tests:{TOKEN}",
        "SLO_GATEWAY_HEALTH_PORT": "0",
        "SLO_GATEWAY_CONFIRM": "60s",
        **more,
    }


def gateway_settings(environment: Mapping[str, str]) -> GatewaySettings:
    """The same as the gateway's own process has."""
    given = {name.removeprefix("SLO_").lower(): value for name, value in environment.items() if name[:4] == "SLO_"}
    return GatewaySettings(**given)  # type: ignore[arg-type]  # text, as in the environment


async def install(
    environment: Mapping[str, str], client_key: str, app_key: str, product: str = "Jira", secret: str = SECRET
) -> None:
    """Add one installation, or replace it."""
    settings = gateway_settings(environment)
    record = Vault(settings.read_installation_keys()).seal(client_key, app_key, product, secret)
    await store(settings, [(client_key, record)])


async def uninstall(environment: Mapping[str, str], client_key: str) -> None:
    """Remove an installation."""
    await store(gateway_settings(environment), [(client_key, None)])


@dataclass
class GatewayProcess:
    """The gateway, and a client's view of it."""

    process: WorkerProcess
    url: str
    health_url: str

    async def call(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, the JSON document if there is one, and headers; a body is JSON unless the headers say otherwise."""
        typed = {"Content-Type": "application/json", **(headers or {})} if body is not None else headers
        return await self._call(method, self.url + path, body, typed)

    async def health(self, path: str) -> tuple[int, Any, Mapping[str, str]]:
        """The same of the health port."""
        return await self._call("GET", self.health_url + path, None, None)

    async def _call(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> tuple[int, Any, Mapping[str, str]]:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session,
            session.request(method, url, data=body, headers=headers) as response,
        ):
            content = await response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return response.status, orjson.loads(content) if is_json else content, response.headers

    async def publish(
        self,
        client_key: str,
        app_key: str,
        results: object,
        *,
        secret: str = SECRET,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """Publish results with a token of their own; the status, and the code of a problem."""
        body = results if isinstance(results, bytes) else orjson.dumps(results)
        chosen = headers if headers is not None else authorization(client_key, app_key, secret)
        status, document, _ = await self.call("PUT", publish_path(app_key), body, chosen)
        return status, document["code"] if document else None

    async def becomes(self, path: str, status: int) -> None:
        """Wait for a status of a health path."""

        async def is_there() -> bool:
            try:
                return (await self.health(path))[0] == status
            except aiohttp.ClientConnectionError:
                return False

        await wait_for(is_there, 120, f"{path} to answer {status}", [self.process])


@contextmanager
def running_gateway(environment: Mapping[str, str], folder: Path) -> Iterator[GatewayProcess]:
    """A ready gateway."""
    port, health_port = free_port(), free_port()
    log_file = folder / f"gateway-{port}.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "gateway"],
            env={**environment, "SLO_GATEWAY_PORT": str(port), "SLO_GATEWAY_HEALTH_PORT": str(health_port)},
            stdout=log,
            stderr=log,
        )
    urls = [f"http://127.0.0.1:{one}" for one in (port, health_port)]
    gateway = GatewayProcess(WorkerProcess(process, log_file), *urls)
    try:
        asyncio.run(gateway.becomes("/ready", 200))
        yield gateway
    finally:
        gateway.process.kill()
