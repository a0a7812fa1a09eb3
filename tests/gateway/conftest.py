"""One running gateway for the tests of this folder, with some installations."""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.flow import Flow
from tests.gateway.process import GatewayProcess, install, running_gateway, settings_of
from tests.kafka_fixture import Kafka

APP = "com.example.app"
OTHER_APP = "com.example.other"
EAGER_APP, FUZZED_APP = "com.example.eager", "com.example.fuzzed"
INSTALLED = {
    "c-1": (APP, "Jira"),
    "c-2": (OTHER_APP, "Jira"),
    "c-3": (APP, "Confluence"),
    "c-eager": (EAGER_APP, "Jira"),
    "c-fuzzed": (FUZZED_APP, "Jira"),
}
BURST = 60


@dataclass(frozen=True)
class Stage:
    """A gateway, the topics it writes, and the environment it and its commands run in."""

    gateway: GatewayProcess
    flow: Flow
    environment: dict[str, str]


@pytest.fixture(scope="package")
def stage(kafka: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A running gateway with some installations."""
    folder = tmp_path_factory.mktemp("gateway")
    prefix = f"gateway-{uuid.uuid4().hex[:8]}."
    flow = Flow(kafka.bootstrap_servers, prefix, folder)
    environment = settings_of(
        kafka.bootstrap_servers,
        prefix,
        SLO_GATEWAY_BURST=str(BURST),
        SLO_GATEWAY_RATE="20",
        SLO_GATEWAY_FAILURES="100000",
    )

    async def prepare() -> None:
        await flow.create_topics()
        for client_key, (app_key, product) in INSTALLED.items():
            await install(environment, client_key, app_key, product)

    asyncio.run(prepare())
    with running_gateway(environment, folder) as gateway:
        yield Stage(gateway, flow, environment)
    flow.stop()
